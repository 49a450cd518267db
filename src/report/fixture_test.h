#pragma once
// Folders as the stages before the report leave them, made by hand for the tests of this module.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "os/file.h"

namespace vlmhb::report {

struct FixtureSample {
  std::string outcome = "ok";
  std::string expected = "abc";
  std::string answer = "abc";
  std::string image = "a.png";
  std::string group = "g";  // annotation column doc_class
  double errors = 0;        // numerator of cer
  double length = 10;       // its denominator
  std::optional<double> latency_ms = 100;
  std::optional<double> gpu_memory_mb;
};

// A run's folders below `root`/<name>.
class RunFixture {
 public:
  RunFixture(const os::Path& root, std::string name)
      : folder_(root / name), name_(std::move(name)) {}

  // Writes inference/ and evaluation/ (statistics by exact sums; intervals ± 10 % of the value).
  void Write(const std::vector<FixtureSample>& samples) const;
  void WriteManifest(const std::string& text) const;
  os::Path folder() const { return folder_; }
  // An element of the spec's "runs".
  json::object Spec(const std::string& model, const os::Path& image_root) const;

 private:
  os::Path folder_;
  std::string name_;
};

// A whole stage.json.
json::object StageSpec(const os::Path& output, json::array runs, int worst_samples = 10);

// A PNG header of that size, padded to `bytes`: enough for what the report looks at.
std::string FakePng(uint32_t width, uint32_t height, size_t bytes = 200);

// "" if `html` is well-formed (tags balanced, attributes quoted, only known entities), else why not
// and where.
std::string CheckHtml(const std::string& html);

}  // namespace vlmhb::report
