# find_package(vhost-sdk): vhost::sdk (headers), vhost::media (for datasets of pictures and video), vhost::describe (tool),
# vhost_add_plugin(), vhost_plugin_test(), vhost_check_plugin().
include("${CMAKE_CURRENT_LIST_DIR}/vhost-sdk-targets.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/VhostAddPlugin.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/VhostPluginTest.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/VhostCheckPlugin.cmake")

# vhost::media comes as sources: made by the author's compiler, and only if something links it.
get_property(vhost_sdk_languages GLOBAL PROPERTY ENABLED_LANGUAGES)
if("CXX" IN_LIST vhost_sdk_languages AND NOT TARGET vhost::media)
  add_subdirectory("${CMAKE_CURRENT_LIST_DIR}/../../../share/vhost-sdk/media" "${CMAKE_BINARY_DIR}/vhost_media" EXCLUDE_FROM_ALL)
endif()
