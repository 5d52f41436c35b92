# cmake -DTEMPLATE=sdk/template -DAPACHE=LICENSE -DOUT=templates.cpp -P embed_templates.cmake: the plugin templates as text in
# the program, so that `vhost plugin new` writes what fits this host.
file(GLOB_RECURSE files RELATIVE "${TEMPLATE}" "${TEMPLATE}/*")
list(REMOVE_ITEM files README.md)
set(rows)
function(row name path)
  file(READ "${path}" text)
  set(rows "${rows}    {\"${name}\", R\"~~(${text})~~\"},\n" PARENT_SCOPE)
endfunction()
foreach(file IN LISTS files)
  row("${file}" "${TEMPLATE}/${file}")
endforeach()
row(licences/Apache-2.0 "${APACHE}")
file(WRITE "${OUT}.new" "// Written by embed_templates.cmake from sdk/template.\n#include \"cli/templates.h\"\n
namespace vhost {\nnamespace {\nconstexpr TemplateFile kFiles[] = {\n${rows}};\n}  // namespace
std::span<const TemplateFile> template_files() {\n  return kFiles;\n}\n}  // namespace vhost\n")
file(COPY_FILE "${OUT}.new" "${OUT}" ONLY_IF_DIFFERENT)
