// The list files of a prepared folder, made of what lies in it.
#pragma once
#include "prepare/annotations.h"
#include "prepare/prepare.h"
#include "prepare/safe_folder.h"

namespace vhost {

// Writes train.txt, val.txt, test.txt and classes.txt of videos_train/ and the others; fills in the counts of `result`,
// what is empty and what has no class. Labels are the classes' places in the order of their names, over all splits,
// those among them that a table names and that aren't there; without class folders the tables' own labels.
void write_lists(const SafeFolder& out, Annotations& annotations, Prepared& result);

}  // namespace vhost
