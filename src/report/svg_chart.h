#pragma once
// Charts as inline SVG, drawn here and styled by the page's CSS (html_style.h): no script and no
// image. Horizontal positions are percentages, so that a chart fills any width while its text keeps
// its size. Every series has a colour and a shape; a chart has a title and a description for screen
// readers. Texts are raw and escaped here. Pure functions.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "report/report_model.h"

namespace vlmhb::report {

// Prints an axis value.
using AxisFormat = std::function<std::string(double)>;

// Identity of a series through all charts: colour and shape number `style`.
struct Series {
  std::string name;
  size_t style = 0;
};

struct Mark {
  size_t style = 0;
  double value = 0;
  std::optional<Interval> ci;
  std::string tooltip;
};

// One line of an interval chart: a label, a value as text (may be empty), marks one below another.
struct IntervalRow {
  std::string label;
  std::string value_text;
  std::vector<Mark> marks;
};

struct IntervalChart {
  std::string id;  // unique in the page: letters, digits and '-'
  std::string title;
  std::string axis_title;
  AxisFormat axis;
  std::vector<IntervalRow> rows;
};

// Dots with interval whiskers on a common linear axis; "" when no row has a mark.
std::string RenderIntervalChart(const IntervalChart& chart);

struct QuantileCurve {
  Series series;
  std::vector<double> quantiles;  // 0, 1/100, …, 1 of the values; positive ones are drawn
};

struct QuantileChart {
  std::string id;
  std::string title;
  std::string axis_title;
  AxisFormat axis;
  AxisFormat value;  // of a curve, for tooltips
  std::vector<QuantileCurve> curves;
};

// The share of values at or below x, on a logarithmic axis; "" when there is nothing to draw.
std::string RenderQuantileChart(const QuantileChart& chart);

struct ScatterPoint {
  Series series;
  double x = 0;
  double y = 0;
  std::optional<Interval> y_ci;
  std::string tooltip;
};

struct ScatterChart {
  std::string id;
  std::string title;
  std::string x_title;
  std::string y_title;
  AxisFormat x_axis;
  AxisFormat y_axis;
  std::vector<ScatterPoint> points;
};

// "" when there are no points.
std::string RenderScatterChart(const ScatterChart& chart);

// Colour and shape of each series, as a list.
std::string RenderLegend(const std::vector<Series>& series);

// The shapes that all charts refer to; once in a page, before the first chart.
std::string ChartDefinitions();

}  // namespace vlmhb::report
