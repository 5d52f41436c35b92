#include "cli/convert_options.h"

#include <CLI/CLI.hpp>

namespace vhost {
namespace {

constexpr const char* kConvertExamples =
    R"(Whose names the file has is told by them; docs/keymaps.md lists the families.

Examples:
  vhost checkpoint convert vit_b_k400_pt.pth -o weights.safetensors
  vhost checkpoint convert model.safetensors --family timm-vit -o weights.safetensors
  vhost checkpoint convert vit_g_k710_ft.pth --classes label_mixto600.json -o k600.safetensors)";

constexpr const char* kExportExamples =
    R"(The model is that of the run's record, or of --manifest. What is written is a flat safetensors file;
for hf, in a folder, with the config.json that from_pretrained reads.

Examples:
  vhost checkpoint export --to hf work_dirs/exp/best -o videomae-finetuned
  vhost checkpoint export --to timm work_dirs/exp/checkpoints/step-400 -o model.safetensors
  vhost checkpoint export --to mmpretrain weights.safetensors --manifest exp.json --prefix backbone. -o out.safetensors)";

void add_common(CLI::App& app, Options& options) {
  app.add_option("--family", options.family, "The key map to use, where names or --to don't tell")->type_name("NAME");
  app.add_option("--prefix", options.prefix, "Only our names that begin so, such as backbone.")->type_name("TEXT");
  app.add_option("-m,--manifest", options.manifest, "The experiment whose model it is")->type_name("FILE");
  app.add_option("--plugin-path", options.plugin_path, "Look for plugins here first (repeatable)")
      ->type_name("FOLDER")
      ->allow_extra_args(false);
}

}  // namespace

void add_convert_commands(CLI::App& checkpoint, Options& options) {
  auto* convert = checkpoint.add_subcommand("convert", "Write another project's weights under vhost's names");
  convert->add_option("file", options.checkpoint, "The other project's file")->required()->type_name("FILE");
  convert->add_option("-o,--output", options.output, "The .safetensors file to write")->required()->type_name("FILE");
  add_common(*convert, options);
  convert
      ->add_option("--allow-unexpected", options.allow_unexpected,
                   "Leave out names of the file that match, * standing for any characters (repeatable)")
      ->type_name("PATTERN")
      ->allow_extra_args(false);
  auto* classes =
      convert
          ->add_option("--classes", options.classes,
                       "Of a head with other classes: the rows for ours, or the names of its rows, a line each or JSON")
          ->type_name("FILE");
  convert->add_option("--class-names", options.class_names, "Where --classes lists names: ours, in our order")
      ->type_name("FILE")
      ->needs(classes);
  convert->footer(kConvertExamples);
  auto* out = checkpoint.add_subcommand("export", "Write weights under another project's names");
  out->add_option("checkpoint", options.checkpoint, "A run's work-dir, a checkpoint folder or a .safetensors file")
      ->required()
      ->type_name("CHECKPOINT");
  out->add_option("--to", options.to, "Whose: hf, timm, mmpretrain, pyslowfast, videomae, torchvision")
      ->required()
      ->type_name("NAME");
  out->add_option("-o,--output", options.output,
                  "The .safetensors file to write, or a folder for it and what the project wants beside it")
      ->required()
      ->type_name("PATH");
  add_common(*out, options);
  out->add_flag("--no-ema", options.no_ema, "The weights as trained, even where their moving average is kept");
  out->footer(kExportExamples);
}

}  // namespace vhost
