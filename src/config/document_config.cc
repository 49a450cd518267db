#include "config/document_config.h"

#include <fmt/format.h>

#include <utility>

#include "base/check.h"
#include "config/embedded_files.h"
#include "config/run_builder.h"
#include "config/schema.h"

namespace vlmhb::config {
namespace {

constexpr size_t kMaxCombinations = 10'000;

// Compiled once; thread-safe by the language's rule for local statics.
const JsonSchema& ExperimentSchema() {
  static const JsonSchema schema = [] {
    Result<json::value> text = ParseJson(ExperimentSchemaText());
    CHECK(text.ok(), "experiment.schema.json is JSON");
    Result<JsonSchema> compiled = JsonSchema::Compile(*std::move(text));
    CHECK(compiled.ok(), "experiment.schema.json is a JSON Schema");
    return *std::move(compiled);
  }();
  return schema;
}

BootstrapConfig ReadBootstrap(const json::object& object) {
  BootstrapConfig bootstrap;
  bootstrap.resamples = FindInt(object, "resamples", bootstrap.resamples);
  bootstrap.seed = FindInt(object, "seed", bootstrap.seed);
  bootstrap.cluster = FindString(object, "cluster", bootstrap.cluster);
  bootstrap.level = FindNumber(object, "level").value_or(bootstrap.level);
  return bootstrap;
}

// Every combination of the matrix's values, the last key changing fastest. REQUIRES: each value is
// a list.
std::vector<json::object> ExpandMatrix(const json::object& matrix) {
  std::vector<json::object> combinations(1);
  for (const auto& axis : matrix) {
    std::vector<json::object> longer;
    for (const json::object& combination : combinations) {
      for (const json::value& value : axis.value().as_array()) {
        json::object next = combination;
        next[axis.key()] = value;
        longer.push_back(std::move(next));
      }
    }
    combinations = std::move(longer);
  }
  return combinations;
}

// Number of combinations, or a number above kMaxCombinations; 0 if a value is no list.
size_t MatrixSize(const json::object& matrix) {
  size_t size = 1;
  for (const auto& axis : matrix) {
    const json::array* values = axis.value().if_array();
    if (values == nullptr) return 0;
    if (size <= kMaxCombinations) size *= values->size();
  }
  return size;
}

class DocumentReader {
 public:
  DocumentReader(const SourceDocument& source, const std::set<std::string>& missing_keys,
                 std::vector<Problem>& problems)
      : source_(source), missing_keys_(missing_keys), problems_(problems) {}

  Experiment Read(const json::object& document) {
    experiment_.name = FindString(document, "name");
    experiment_.title = FindString(document, "title");
    if (const json::object* bootstrap = FindObject(document, "bootstrap"))
      experiment_.bootstrap = ReadBootstrap(*bootstrap);
    if (const json::object* defaults = FindObject(document, "defaults")) AddDefaults(*defaults);
    if (const json::array* runs = FindArray(document, "runs")) AddRuns(*runs);
    if (const json::object* matrix = FindObject(document, "matrix")) AddMatrix(*matrix);
    return std::move(experiment_);
  }

 private:
  void Add(std::string_view pointer, std::string message) {
    problems_.push_back({source_.locate(pointer), std::move(message)});
  }

  void AddReferenceProblems(const json::object& run, const std::string& pointer) {
    for (FieldProblem& problem : CheckReferences(run))
      Add(fmt::format("{}/{}", pointer, problem.key), std::move(problem.message));
  }

  void AddDefaults(const json::object& defaults) {
    defaults_ = defaults;
    if (defaults.contains("name"))
      Add("/defaults/name", "a name belongs to one run; give it under 'runs'");
    AddReferenceProblems(defaults, "/defaults");
  }

  void AddRuns(const json::array& runs) {
    for (size_t i = 0; i < runs.size(); ++i) {
      const json::object* run = runs[i].if_object();
      if (run == nullptr) continue;  // the schema has reported it
      const std::string pointer = fmt::format("/runs/{}", i);
      AddReferenceProblems(*run, pointer);
      AddRun(*run, pointer);
    }
  }

  void AddMatrix(const json::object& matrix) {
    if (MatrixSize(matrix) > kMaxCombinations)
      return Add("/matrix", fmt::format("more than {} combinations", kMaxCombinations));
    if (MatrixSize(matrix) == 0) return;  // the schema has reported it
    const size_t before = problems_.size();
    for (const auto& axis : matrix)
      for (const json::value& value : axis.value().as_array())
        AddReferenceProblems({{axis.key(), value}}, "/matrix");
    for (const json::object& combination : ExpandMatrix(matrix)) {
      AddRun(combination, "/matrix");
      // What is wrong with one combination is mostly wrong with all.
      if (problems_.size() > before) break;
    }
  }

  void AddRun(const json::object& own, const std::string& pointer) {
    const json::object merged = Merge(defaults_, own);
    RunConfig run = BuildRun(merged);
    run.origin = source_.locate(pointer);
    for (const auto& member : defaults_)
      if (!own.contains(member.key())) run.inherited.emplace_back(member.key());
    for (const FieldProblem& problem : CheckRun(merged))
      if (!missing_keys_.contains(problem.key))
        problems_.push_back({run.Field(problem.key), problem.message});
    experiment_.runs.push_back(std::move(run));
  }

  const SourceDocument& source_;
  const std::set<std::string>& missing_keys_;
  std::vector<Problem>& problems_;
  json::object defaults_;
  Experiment experiment_;
};

}  // namespace

std::string_view ExperimentSchemaText() { return EmbeddedFile("experiment.schema.json"); }

Experiment ReadExperiment(const SourceDocument& source, const std::set<std::string>& missing_keys,
                          std::vector<Problem>& problems) {
  for (SchemaViolation& violation : ExperimentSchema().Validate(source.value))
    problems.push_back({source.locate(violation.pointer), std::move(violation.message)});
  if (!source.value.is_object()) return {};
  const json::object& object = source.value.get_object();
  const json::array* runs = FindArray(object, "runs");
  const bool nothing = (runs == nullptr || runs->empty()) && !object.contains("matrix");
  if (nothing && problems.empty())
    problems.push_back({source.locate(""),
                        "there is no run: list runs under 'runs', or values to combine under "
                        "'matrix'"});
  return DocumentReader(source, missing_keys, problems).Read(object);
}

}  // namespace vlmhb::config
