// The list files of a prepared folder, made of what lies in it.
#pragma once
#include "prepare/annotations.h"
#include "prepare/prepare.h"
#include "prepare/safe_folder.h"

namespace vhost {

// Writes train.txt, val.txt, test.txt and classes.txt of videos_train/ and the others; fills in the counts of `result`,
// what is empty and what has no class. Labels are the classes' places in the order of their names, over all splits;
// where there are no class folders, those of the tables.
void write_lists(const SafeFolder& out, Annotations& annotations, Prepared& result);

}  // namespace vhost
