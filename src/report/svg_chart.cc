#include "report/svg_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/axis_scale.h"
#include "report/escape.h"

namespace vlmhb::report {
namespace {

constexpr size_t kStyles = 8;
constexpr size_t kMostLabelCharacters = 48;
constexpr size_t kMostTooltipCharacters = 300;

std::string Label(const std::string& text) {
  return EscapeHtml(Shorten(text, kMostLabelCharacters));
}

std::string Tooltip(const std::string& text) {
  return "<title>" + EscapeHtml(Shorten(text, kMostTooltipCharacters)) + "</title>";
}

// Positions keep clear of the edges, so that marks and whiskers are not cut.
std::string Percent(double position) { return fmt::format("{:.2f}%", 1.5 + position * 97); }

std::string Open(const std::string& id, int height, const std::string& title,
                 const std::string& description) {
  return fmt::format(
      "<svg class=\"chart\" width=\"100%\" height=\"{}\" role=\"img\" aria-labelledby=\"{}-t "
      "{}-d\"><title id=\"{}-t\">{}</title><desc id=\"{}-d\">{}</desc>",
      height, id, id, id, EscapeHtml(Shorten(title, kMostTooltipCharacters)), id,
      EscapeHtml(description));
}

std::string VerticalLine(const std::string& x, int top, int bottom, const char* css) {
  return fmt::format("<line class=\"{}\" x1=\"{}\" x2=\"{}\" y1=\"{}\" y2=\"{}\"/>", css, x, x, top,
                     bottom);
}

const char* Anchor(double position) {
  if (position < 0.04) return "start";
  return position > 0.96 ? "end" : "middle";
}

// Grid lines from `top` to `bottom`, tick labels below, the axis title under them.
std::string BottomAxis(const AxisScale& scale, const AxisFormat& format, const std::string& title,
                       int top, int bottom) {
  std::string out;
  const size_t count = scale.ticks().size();
  for (size_t i = 0; i < count; ++i) {
    const double position = scale.Position(scale.ticks()[i]);
    // On a narrow screen every second label goes; the last one stays.
    const char* css = (count - 1 - i) % 2 == 1 ? "tick odd" : "tick";
    out += VerticalLine(Percent(position), top, bottom, "grid");
    out += fmt::format("<text class=\"{}\" x=\"{}\" y=\"{}\" text-anchor=\"{}\">{}</text>", css,
                       Percent(position), bottom + 17, Anchor(position),
                       EscapeHtml(format(scale.ticks()[i])));
  }
  out += fmt::format("<text class=\"axis\" x=\"50%\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                     bottom + 37, Label(title));
  return out;
}

std::string Shape(size_t style, const std::string& x, const std::string& y,
                  const std::string& tooltip) {
  return fmt::format("<use class=\"mark c{}\" href=\"#m{}\" x=\"{}\" y=\"{}\">{}</use>",
                     style % kStyles, style % kStyles, x, y, Tooltip(tooltip));
}

std::string Whisker(const AxisScale& scale, const Mark& mark, int y) {
  if (!mark.ci) return "";
  const std::string low = Percent(scale.Position(mark.ci->low));
  const std::string high = Percent(scale.Position(mark.ci->high));
  const std::string css = fmt::format("whisker c{}", mark.style % kStyles);
  return fmt::format("<line class=\"{}\" x1=\"{}\" x2=\"{}\" y1=\"{}\" y2=\"{}\"/>", css, low, high,
                     y, y) +
         VerticalLine(low, y - 5, y + 5, css.c_str()) +
         VerticalLine(high, y - 5, y + 5, css.c_str());
}

AxisScale ScaleOf(const std::vector<IntervalRow>& rows) {
  double low = 0;
  double high = 0;
  bool first = true;
  for (const IntervalRow& row : rows) {
    for (const Mark& mark : row.marks) {
      const double least = mark.ci ? std::min(mark.ci->low, mark.value) : mark.value;
      const double most = mark.ci ? std::max(mark.ci->high, mark.value) : mark.value;
      low = first ? least : std::min(low, least);
      high = first ? most : std::max(high, most);
      first = false;
    }
  }
  // An axis that begins at 0 does not exaggerate, and costs little where values spread.
  if (low > 0 && low < high * 0.6) low = 0;
  return AxisScale::Linear(low, high, 5);
}

}  // namespace

std::string RenderIntervalChart(const IntervalChart& chart) {
  constexpr int kTop = 4;
  constexpr int kLabelHeight = 28;
  constexpr int kLaneHeight = 17;
  int bottom = kTop;
  size_t marks = 0;
  for (const IntervalRow& row : chart.rows) {
    bottom += kLabelHeight + kLaneHeight * static_cast<int>(std::max<size_t>(row.marks.size(), 1));
    marks += row.marks.size();
  }
  if (marks == 0) return "";
  bottom += 8;

  const AxisScale scale = ScaleOf(chart.rows);
  std::string description;
  std::string body;
  int y = kTop;
  for (const IntervalRow& row : chart.rows) {
    y += kLabelHeight;
    body +=
        fmt::format("<text class=\"label\" x=\"0\" y=\"{}\">{}</text>", y - 7, Label(row.label));
    body += fmt::format("<text class=\"value\" x=\"100%\" y=\"{}\" text-anchor=\"end\">{}</text>",
                        y - 7, EscapeHtml(row.marks.empty() ? "not measured" : row.value_text));
    if (description.size() < 2000)
      description += Shorten(row.label, kMostLabelCharacters) + ": " + row.value_text + ". ";
    for (const Mark& mark : row.marks) {
      const int middle = y + kLaneHeight / 2;
      body += Whisker(scale, mark, middle);
      body += Shape(mark.style, Percent(scale.Position(mark.value)), std::to_string(middle),
                    mark.tooltip);
      y += kLaneHeight;
    }
    if (row.marks.empty()) y += kLaneHeight;
  }
  return Open(chart.id, bottom + 44, chart.title, description) +
         BottomAxis(scale, chart.axis, chart.axis_title, kTop, bottom) + body + "</svg>";
}

std::string RenderQuantileChart(const QuantileChart& chart) {
  constexpr int kTop = 12;
  constexpr int kHeight = 240;
  double low = 0;
  double high = 0;
  for (const QuantileCurve& curve : chart.curves) {
    for (const double value : curve.quantiles) {
      if (value <= 0) continue;
      low = low == 0 ? value : std::min(low, value);
      high = std::max(high, value);
    }
  }
  if (high <= 0) return "";
  const AxisScale scale = AxisScale::Logarithmic(low, high);

  std::string body;
  for (const int share : {0, 25, 50, 75, 100}) {
    const int y = kTop + kHeight - kHeight * share / 100;
    body += fmt::format(
        "<line class=\"grid\" x1=\"1.5%\" x2=\"98.5%\" y1=\"{}\" y2=\"{}\"/><text class=\"tick "
        "inside\" x=\"1.9%\" y=\"{}\">{} %</text>",
        y, y, y - 4, share);
  }
  std::string description;
  for (const QuantileCurve& curve : chart.curves) {
    if (curve.quantiles.empty()) continue;
    // Points cannot be percentages: an inner picture of 1000 × 1000 units is stretched instead.
    std::string points;
    const double steps = static_cast<double>(curve.quantiles.size() - 1);
    for (size_t i = 0; i < curve.quantiles.size(); ++i)
      points += fmt::format("{:.1f},{:.1f} ", 1000 * scale.Position(curve.quantiles[i]),
                            1000 - 1000 * static_cast<double>(i) / std::max(steps, 1.0));
    const size_t style = curve.series.style % kStyles;
    body += fmt::format(
        "<svg x=\"1.5%\" y=\"{}\" width=\"97%\" height=\"{}\" viewBox=\"0 0 1000 1000\" "
        "preserveAspectRatio=\"none\" overflow=\"visible\"><polyline class=\"curve c{} d{}\" "
        "points=\"{}\"/></svg>",
        kTop, kHeight, style, style, points);
    for (const int share : {50, 90, 99}) {
      const double value = curve.quantiles[static_cast<size_t>(share * steps / 100)];
      const std::string text =
          fmt::format("{}: p{} {}", curve.series.name, share, chart.value(value));
      body += Shape(curve.series.style, Percent(scale.Position(value)),
                    fmt::format("{:.1f}", kTop + kHeight - kHeight * share / 100.0), text);
      if (description.size() < 2000) description += text + ". ";
    }
  }
  return Open(chart.id, kTop + kHeight + 44, chart.title, description) +
         BottomAxis(scale, chart.axis, chart.axis_title, kTop, kTop + kHeight) + body + "</svg>";
}

namespace {

AxisScale VerticalScale(const std::vector<ScatterPoint>& points) {
  std::vector<IntervalRow> rows(1);
  for (const ScatterPoint& point : points) rows[0].marks.push_back({0, point.y, point.y_ci, ""});
  return ScaleOf(rows);
}

std::string ScatterMark(const ScatterPoint& point, const AxisScale& x_scale,
                        const AxisScale& y_scale, int top, int height) {
  const auto y_of = [&](double value) { return top + height * (1 - y_scale.Position(value)); };
  const double x = x_scale.Position(point.x);
  const double y = y_of(point.y);
  std::string out;
  if (point.y_ci)
    out +=
        fmt::format("<line class=\"whisker c{}\" x1=\"{}\" x2=\"{}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/>",
                    point.series.style % kStyles, Percent(x), Percent(x), y_of(point.y_ci->low),
                    y_of(point.y_ci->high));
  return out + Shape(point.series.style, Percent(x), fmt::format("{:.1f}", y), point.tooltip);
}

}  // namespace

std::string RenderScatterChart(const ScatterChart& chart) {
  constexpr int kTop = 40;
  constexpr int kHeight = 240;
  if (chart.points.empty()) return "";
  double high_x = 0;
  for (const ScatterPoint& point : chart.points) high_x = std::max(high_x, point.x);
  const AxisScale x_scale = AxisScale::Linear(0, high_x, 5);
  const AxisScale y_scale = VerticalScale(chart.points);

  std::string body =
      fmt::format("<text class=\"axis\" x=\"0\" y=\"14\">{}</text>", Label(chart.y_title));
  for (const double tick : y_scale.ticks()) {
    const double y = kTop + kHeight * (1 - y_scale.Position(tick));
    body += fmt::format(
        "<line class=\"grid\" x1=\"1.5%\" x2=\"98.5%\" y1=\"{:.1f}\" y2=\"{:.1f}\"/><text "
        "class=\"tick inside\" x=\"1.9%\" y=\"{:.1f}\">{}</text>",
        y, y, y - 4, EscapeHtml(chart.y_axis(tick)));
  }
  std::string description;
  for (const ScatterPoint& point : chart.points) {
    body += ScatterMark(point, x_scale, y_scale, kTop, kHeight);
    if (description.size() < 2000) description += point.tooltip + ". ";
  }
  return Open(chart.id, kTop + kHeight + 44, chart.title, description) +
         BottomAxis(x_scale, chart.x_axis, chart.x_title, kTop, kTop + kHeight) + body + "</svg>";
}

std::string RenderLegend(const std::vector<Series>& series) {
  std::string out = "<ul class=\"legend\">";
  for (const Series& one : series)
    out += fmt::format(
        "<li><svg class=\"key\" width=\"16\" height=\"16\" aria-hidden=\"true\"><use class=\"mark "
        "c{}\" href=\"#m{}\" x=\"8\" y=\"8\"/></svg>{}</li>",
        one.style % kStyles, one.style % kStyles, Label(one.name));
  return out + "</ul>";
}

std::string ChartDefinitions() {
  constexpr const char* kShapes[kStyles] = {
      "M-5.5,0a5.5,5.5 0 1,0 11,0a5.5,5.5 0 1,0 -11,0z",
      "M-5,-5h10v10h-10z",
      "M0,-6.5L6,5H-6z",
      "M0,-6.8L6.8,0L0,6.8L-6.8,0z",
      "M0,6.5L6,-5H-6z",
      "M-2,-6h4v4h4v4h-4v4h-4v-4h-4v-4h4z",
      "M-3.2,-5.6h6.4L6.4,0L3.2,5.6h-6.4L-6.4,0z",
      "M0,-7L1.7,-2H6.8L2.7,1.2L4.2,6.2L0,3.2L-4.2,6.2L-2.7,1.2L-6.8,-2H-1.7z",
  };
  std::string out = "<svg width=\"0\" height=\"0\" class=\"defs\" aria-hidden=\"true\"><defs>";
  for (size_t i = 0; i < kStyles; ++i)
    out += fmt::format("<path id=\"m{}\" d=\"{}\"/>", i, kShapes[i]);
  return out + "</defs></svg>";
}

}  // namespace vlmhb::report
