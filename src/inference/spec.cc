#include "inference/spec.h"

#include <fmt/format.h>

namespace vlmhb::inference {
namespace {

constexpr std::string_view kSchema = "vlmhb.stage/1";
constexpr int64_t kMaxProcesses = 256;
constexpr int64_t kMaxConcurrency = 4096;  // connections that a wrapper accepts
constexpr int64_t kMaxAttempts = 100;
constexpr int64_t kMaxTimeoutMs = 7LL * 24 * 3600 * 1000;

Result<int64_t> GetIntBetween(const json::object& object, std::string_view key, int64_t low,
                              int64_t high) {
  VLMHB_ASSIGN(const int64_t value, GetInt(object, key));
  if (value >= low && value <= high) return value;
  return Error(ErrorCode::kInvalidConfig,
               fmt::format("key '{}' is {}, expected {} to {}", key, value, low, high));
}

Result<std::vector<std::string>> GetArgv(const json::object& object, std::string_view key) {
  VLMHB_ASSIGN(const json::array array, GetArray(object, key));
  std::vector<std::string> argv;
  for (const json::value& argument : array) {
    if (!argument.is_string()) break;
    argv.emplace_back(argument.get_string());
  }
  if (argv.empty() || argv.size() != array.size())
    return Error(ErrorCode::kCorrupt,
                 fmt::format("key '{}' is not a command (a list of strings)", key));
  return argv;
}

Result<ModelSpec> ParseModel(const json::object& object) {
  ModelSpec model;
  VLMHB_ASSIGN(model.name, GetString(object, "name"));
  model.version = FindString(object, "version");
  VLMHB_ASSIGN(model.command, GetArgv(object, "command"));
  VLMHB_ASSIGN(model.params, GetObject(object, "params"));
  VLMHB_ASSIGN(model.processes, GetIntBetween(object, "processes", 1, kMaxProcesses));
  return model;
}

// A sampling parameter must not take the place of what the runner itself sends.
Result<json::object> ParseSampling(const json::object& object) {
  VLMHB_ASSIGN(json::object sampling, GetObject(object, "sampling"));
  for (const char* reserved : {"model", "messages", "stream", "stream_options", "n"})
    if (sampling.contains(reserved))
      return Error(ErrorCode::kInvalidConfig,
                   fmt::format("'{}' is no sampling parameter", reserved));
  return sampling;
}

Result<ImageTransport> ParseTransport(const json::object& object) {
  VLMHB_ASSIGN(const std::string name, GetString(object, "image_transport"));
  if (name == "file") return ImageTransport::kFile;
  if (name == "data") return ImageTransport::kData;
  return Error(ErrorCode::kInvalidConfig,
               fmt::format("key 'image_transport' is '{}', expected 'file' or 'data'", name));
}

Result<void> ParseInfer(const json::object& infer, InferSpec& spec) {
  VLMHB_ASSIGN(const json::object model, GetObject(infer, "model"));
  VLMHB_ASSIGN(spec.model, ParseModel(model));
  VLMHB_ASSIGN(const json::object dataset, GetObject(infer, "dataset"));
  VLMHB_ASSIGN(spec.dataset, data::ParseDatasetView(dataset));
  VLMHB_ASSIGN(const json::object prompt, GetObject(infer, "prompt"));
  VLMHB_ASSIGN(spec.prompt, data::ParsePromptSpec(prompt));
  VLMHB_ASSIGN(spec.sampling, ParseSampling(infer));
  VLMHB_ASSIGN(spec.concurrency, GetIntBetween(infer, "concurrency", 1, kMaxConcurrency));
  VLMHB_ASSIGN(const int64_t timeout_ms, GetIntBetween(infer, "timeout_ms", 1, kMaxTimeoutMs));
  spec.timeout = Millis(timeout_ms);
  VLMHB_ASSIGN(spec.attempts, GetIntBetween(infer, "attempts", 1, kMaxAttempts));
  VLMHB_ASSIGN(spec.image_transport, ParseTransport(infer));
  spec.retry_failed = FindBool(infer, "retry_failed", false);
  VLMHB_ASSIGN(spec.wrapper, GetArgv(infer, "wrapper"));
  return {};
}

Result<InferSpec> Parse(const json::object& stage) {
  InferSpec spec;
  VLMHB_ASSIGN(const std::string schema, GetString(stage, "schema"));
  VLMHB_ASSIGN(const std::string kind, GetString(stage, "stage"));
  if (schema != kSchema || kind != "infer")
    return Error(ErrorCode::kUnsupported, fmt::format("stage '{}' of schema '{}', expected 'infer' "
                                                      "of {}",
                                                      kind, schema, kSchema));
  spec.run = FindString(stage, "run");
  VLMHB_ASSIGN(spec.identity, GetString(stage, "identity"));
  VLMHB_ASSIGN(spec.output, GetString(stage, "output"));
  VLMHB_ASSIGN(const json::object infer, GetObject(stage, "infer"));
  VLMHB_TRY(ParseInfer(infer, spec));
  return spec;
}

}  // namespace

Result<InferSpec> ParseInferSpec(const json::object& stage) {
  Result<InferSpec> spec = Parse(stage);
  if (!spec.ok()) return std::move(spec).error().With("reading the spec of an inference stage");
  return spec;
}

}  // namespace vlmhb::inference
