// A line chart as PNG, for where no SVG is shown: the same axes and curves, without a legend's niceties.
#pragma once
#include "report/chart.h"
#include "report/picture.h"

namespace vhost::report {

Picture chart_picture(const Chart& chart);

}  // namespace vhost::report
