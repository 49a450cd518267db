#pragma once
// Grounding: boxes that an answer names, against the boxes of the reference.

#include <optional>
#include <string_view>
#include <vector>

#include "metrics/score.h"

namespace vlmhb::metrics {

struct Box {
  double left = 0;
  double top = 0;
  double right = 0;
  double bottom = 0;
};

// What the four numbers of a box are.
enum class BoxFormat {
  kCorners,        // x1, y1, x2, y2
  kCornerAndSize,  // x, y, width, height
  kCentreAndSize,  // centre x, centre y, width, height
};

// What the numbers of an answer are: those of the reference's own scale, or shares of the image's
// width and height, from 0 to 1 or from 0 to 1000. For shares the reference names the image's size:
// {"bbox":[…],"width":800,"height":600}.
enum class BoxScale { kAbsolute, kUnit, kThousand };

struct BoxOptions {
  BoxFormat answer_format = BoxFormat::kCorners;
  BoxFormat reference_format = BoxFormat::kCorners;
  BoxScale answer_scale = BoxScale::kAbsolute;
};

// The boxes of the first JSON value in `text` that has one: a list of four numbers, a list of
// those, or objects with such a list as bbox, bbox_2d or box (lists of them: bboxes, boxes); else
// every "(x1,y1),(x2,y2)", which is always corners; else the four numbers that are the whole text.
// At most 256; without area or with a coordinate above 10^9 it is none.
std::vector<Box> ReadBoxes(std::string_view text, BoxFormat format);

// Σ IoU / boxes, over pairs of one box of the reference and one of the answer, the greatest IoU
// first; `boxes` is the larger of both numbers, so that a box too many costs as much as one too
// few. With one box each it is their IoU. Range [0, 1], higher is better. nullopt if the reference
// has no box, or names no size where the scale needs one. Source: Everingham et al., "The Pascal
// visual object classes challenge", 2010.
std::optional<Score> MeanIou(std::string_view reference, std::string_view answer,
                             const BoxOptions& options);

// The same with 1 for every pair whose IoU is at least `threshold`, and 0 for the others.
std::optional<Score> IouAccuracy(std::string_view reference, std::string_view answer,
                                 const BoxOptions& options, double threshold);

}  // namespace vlmhb::metrics
