// Can a run be had again from its record?
#pragma once
#include <string>
#include <vector>

#include "plugins/package.h"
#include "record/record.h"

namespace vhost {

// What stands in the way, a line each. Of the record: a manifest or lock that was altered, plugins that aren't
// installed as locked. Nothing can be opened then.
std::vector<std::string> record_problems(const Record& record, const Found& found);
// Of what it read: files of the data, weights and inputs that are missing or have changed. Relative paths are taken
// from the current folder.
std::vector<std::string> input_problems(const Record& record);

// What may make the results differ, a line each: versions, machine, environment; a history of more than one kind.
std::vector<std::string> rerun_warnings(const Record& record, const Start& now);

// Throws the Error that lists the problems, if there are any.
void refuse_rerun(const Record& record, const std::vector<std::string>& problems);

}  // namespace vhost
