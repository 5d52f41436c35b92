// Places where a test may kill the process: before and after every write, sync and rename of a checkpoint, and of a
// package that is installed or removed. With VHOST_FAULT=N in the environment the N-th place passed (from 1) ends the
// process as SIGKILL would. Unset: one branch.
#pragma once

namespace vhost {

void fault_point();

}  // namespace vhost
