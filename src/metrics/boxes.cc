#include "metrics/boxes.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <functional>

#include "base/json.h"
#include "metrics/find_json.h"

namespace vlmhb::metrics {
namespace {

constexpr size_t kMostBoxes = 256;
constexpr double kLargest = 1e9;

using Four = std::array<double, 4>;

std::optional<Box> MakeBox(const Four& n, BoxFormat format) {
  Box box{n[0], n[1], n[2], n[3]};
  if (format == BoxFormat::kCornerAndSize) box = {n[0], n[1], n[0] + n[2], n[1] + n[3]};
  if (format == BoxFormat::kCentreAndSize)
    box = {n[0] - n[2] / 2, n[1] - n[3] / 2, n[0] + n[2] / 2, n[1] + n[3] / 2};
  if (box.left > box.right) std::swap(box.left, box.right);
  if (box.top > box.bottom) std::swap(box.top, box.bottom);
  const bool sane =
      std::all_of(n.begin(), n.end(), [](double x) { return std::abs(x) <= kLargest; });
  if (!sane || !(box.left < box.right && box.top < box.bottom)) return std::nullopt;
  return box;
}

class JsonBoxes {
 public:
  explicit JsonBoxes(BoxFormat format) : format_(format) {}

  // The parser bounds the depth.
  void Add(const json::value& value) {
    if (value.is_array()) return AddArray(value.get_array());
    if (!value.is_object()) return;
    for (const char* key : {"bbox", "bbox_2d", "box", "bboxes", "boxes"})
      if (const json::value* inner = value.get_object().if_contains(key)) Add(*inner);
  }
  std::vector<Box> Take() { return std::move(boxes_); }

 private:
  void AddArray(const json::array& array) {
    const bool numbers = array.size() == 4 && std::all_of(array.begin(), array.end(),
                                                          [](auto& x) { return x.is_number(); });
    if (!numbers) {
      for (const json::value& item : array) Add(item);
      return;
    }
    Four four;
    for (size_t i = 0; i < 4; ++i) four[i] = array[i].to_number<double>();
    const auto box = MakeBox(four, format_);
    if (box && boxes_.size() < kMostBoxes) boxes_.push_back(*box);
  }

  BoxFormat format_;
  std::vector<Box> boxes_;
};

std::vector<Box> FromJson(std::string_view text, BoxFormat format) {
  std::vector<Box> boxes;
  FindJson(text, "{[", [&](const json::value& value) {
    JsonBoxes found(format);
    found.Add(value);
    boxes = found.Take();
    return !boxes.empty();
  });
  return boxes;
}

// Reads a text from its beginning, spaces between its parts being skipped.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}

  bool Take(char c) {
    SkipSpaces();
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool TakeNumber(double& number) {
    SkipSpaces();
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), number,
                                              std::chars_format::fixed);
    if (error != std::errc()) return false;
    rest_.remove_prefix(size_t(end - rest_.data()));
    return true;
  }
  bool TakePoint(double& x, double& y) {
    return Take('(') && TakeNumber(x) && Take(',') && TakeNumber(y) && Take(')');
  }
  bool at_end() {
    SkipSpaces();
    return rest_.empty();
  }
  std::string_view rest() const { return rest_; }

 private:
  void SkipSpaces() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size()));
  }

  std::string_view rest_;
};

std::vector<Box> FromPoints(std::string_view text) {
  std::vector<Box> boxes;
  for (size_t at = text.find('('); at != std::string_view::npos && boxes.size() < kMostBoxes;) {
    Cursor cursor(text.substr(at));
    Four four{};
    bool found = cursor.TakePoint(four[0], four[1]);
    cursor.Take(',');
    found = found && cursor.TakePoint(four[2], four[3]);
    const auto box = found ? MakeBox(four, BoxFormat::kCorners) : std::nullopt;
    if (box) boxes.push_back(*box);
    at = text.find('(', box ? text.size() - cursor.rest().size() : at + 1);
  }
  return boxes;
}

std::vector<Box> FromNumbers(std::string_view text, BoxFormat format) {
  Cursor cursor(text);
  Four four{};
  for (double& number : four) {
    if (!cursor.TakeNumber(number)) return {};
    cursor.Take(',');
  }
  const auto box = cursor.at_end() ? MakeBox(four, format) : std::nullopt;
  return box ? std::vector<Box>{*box} : std::vector<Box>{};
}

double Area(const Box& box) { return (box.right - box.left) * (box.bottom - box.top); }

double Iou(const Box& a, const Box& b) {
  const double width = std::min(a.right, b.right) - std::max(a.left, b.left);
  const double height = std::min(a.bottom, b.bottom) - std::max(a.top, b.top);
  if (width <= 0 || height <= 0) return 0;
  const double common = width * height;
  return std::min(1.0, common / (Area(a) + Area(b) - common));
}

// One box each, the greatest IoU first; equal ones in the order of the lists.
std::vector<double> MatchedIous(const std::vector<Box>& expected, const std::vector<Box>& got) {
  struct Pair {
    double iou;
    size_t expected, got;
  };
  std::vector<Pair> pairs;
  for (size_t i = 0; i < expected.size(); ++i)
    for (size_t j = 0; j < got.size(); ++j)
      if (const double iou = Iou(expected[i], got[j]); iou > 0) pairs.push_back({iou, i, j});
  std::stable_sort(pairs.begin(), pairs.end(),
                   [](const Pair& a, const Pair& b) { return a.iou > b.iou; });
  std::vector<bool> expected_used(expected.size()), got_used(got.size());
  std::vector<double> ious;
  for (const Pair& pair : pairs) {
    if (expected_used[pair.expected] || got_used[pair.got]) continue;
    expected_used[pair.expected] = got_used[pair.got] = true;
    ious.push_back(pair.iou);
  }
  return ious;
}

// What an answer's x and y are multiplied by; nullopt if that is not known.
std::optional<std::pair<double, double>> ScaleOf(std::string_view reference, BoxScale scale) {
  if (scale == BoxScale::kAbsolute) return std::pair{1.0, 1.0};
  std::optional<double> width, height;
  FindJson(reference, "{", [&](const json::value& value) {
    width = FindNumber(value.get_object(), "width");
    height = FindNumber(value.get_object(), "height");
    return true;
  });
  const auto sane = [](const std::optional<double>& side) {
    return side && *side > 0 && *side <= kLargest;
  };
  if (!sane(width) || !sane(height)) return std::nullopt;
  const double whole = scale == BoxScale::kUnit ? 1 : 1000;
  return std::pair{*width / whole, *height / whole};
}

std::optional<Score> SumOfPairs(std::string_view reference, std::string_view answer,
                                const BoxOptions& options,
                                const std::function<double(double)>& value_of) {
  const std::vector<Box> expected = ReadBoxes(reference, options.reference_format);
  const auto scale = ScaleOf(reference, options.answer_scale);
  if (expected.empty() || !scale) return std::nullopt;
  std::vector<Box> got = ReadBoxes(answer, options.answer_format);
  for (Box& box : got)
    box = {box.left * scale->first, box.top * scale->second, box.right * scale->first,
           box.bottom * scale->second};
  double sum = 0;
  for (const double iou : MatchedIous(expected, got)) sum += value_of(iou);
  return Score{sum, double(std::max(expected.size(), got.size()))};
}

}  // namespace

std::vector<Box> ReadBoxes(std::string_view text, BoxFormat format) {
  std::vector<Box> boxes = FromJson(text, format);
  if (boxes.empty()) boxes = FromPoints(text);
  if (boxes.empty()) boxes = FromNumbers(text, format);
  return boxes;
}

std::optional<Score> MeanIou(std::string_view reference, std::string_view answer,
                             const BoxOptions& options) {
  return SumOfPairs(reference, answer, options, [](double iou) { return iou; });
}

std::optional<Score> IouAccuracy(std::string_view reference, std::string_view answer,
                                 const BoxOptions& options, double threshold) {
  return SumOfPairs(reference, answer, options,
                    [threshold](double iou) { return iou >= threshold ? 1.0 : 0.0; });
}

}  // namespace vlmhb::metrics
