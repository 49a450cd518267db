// vlmhb init FOLDER: a commented starter experiment. vlmhb schema: the format's JSON Schema.

#include <fmt/format.h>

#include <cstdio>

#include "cli/command.h"
#include "config/document_config.h"
#include "config/starter.h"

namespace vlmhb::cli {
namespace {

using os::Path;

constexpr std::string_view kAnnotation =
    "\xEF\xBB\xBF"
    "image_path;question;answer;doc_class;question_type\r\n";

// Writes `text` unless the file exists already: nobody's work is overwritten.
Result<void> WriteNew(const Path& file, std::string_view text) {
  std::error_code ignored;
  if (std::filesystem::exists(file, ignored))
    return Error(ErrorCode::kInvalidConfig,
                 fmt::format("{} exists already; choose another folder", file.string()));
  VLMHB_TRY(os::MakeFolders(file.parent_path()));
  return os::WriteFileAtomic(file, text);
}

Result<void> WriteStarter(const Path& folder) {
  const Path dataset = folder / "datasets" / "ocr" / "my-documents";
  VLMHB_TRY(WriteNew(folder / "experiment.yaml", config::StarterExperiment()));
  VLMHB_TRY(WriteNew(dataset / "annotation.csv", kAnnotation));
  return os::MakeFolders(dataset / "images");
}

int Init(const Globals& globals, const std::string& folder) {
  const Result<void> written = WriteStarter(folder);
  if (!written.ok()) return Fail(globals, written.error());
  const Path experiment = Path(folder) / "experiment.yaml";
  if (globals.json) {
    PrintJson(json::object{{"experiment", experiment.string()}});
  } else {
    fmt::print(
        "{}\n\nNext: put images into {}, a row for each into annotation.csv beside that folder,\n"
        "then `vlmhb validate {}` and `vlmhb run {}`.\n",
        experiment.string(), (Path(folder) / "datasets/ocr/my-documents/images").string(),
        experiment.string(), experiment.string());
  }
  return 0;
}

}  // namespace

void AddInit(CLI::App& app, Session& session) {
  CLI::App* verb = app.add_subcommand("init", "Write a commented starter experiment");
  auto folder = std::make_shared<std::string>(".");
  verb->add_option("folder", *folder, "Where (default: here); nothing is overwritten");
  verb->callback([&session, folder] {
    session.action = [&session, folder] { return Init(session.globals, *folder); };
  });
}

void AddSchema(CLI::App& app, Session& session) {
  CLI::App* verb = app.add_subcommand("schema", "Print the JSON Schema of the experiment format");
  verb->callback([&session] {
    session.action = [] {
      const std::string text(config::ExperimentSchemaText());
      std::fputs(text.c_str(), stdout);
      return 0;
    };
  });
}

}  // namespace vlmhb::cli
