// One run of the kit: which checks, in which order, and what is said of them.
#pragma once
#include <deque>
#include <string>
#include <vector>

#include "check/check_api.h"
#include "check/children.h"

namespace vhost::check {

struct Result {
  const Check* check = nullptr;
  const Case* subject = nullptr;
  Verdict verdict;
  bool known = false;
};

class Kit {
 public:
  explicit Kit(const CheckRequest& request);
  ~Kit();
  int run();  // the exit code

 private:
  void add_cases();
  void add_results();
  bool wanted(const std::string& id) const;
  void run_stages(const std::string& unreadable);  // why plugin.json can't be read, or ""
  int conclude();                                  // the report; gives the exit code
  void run_some(const std::function<bool(const Result&)>& choose);
  void skip_rest(const std::function<bool(const Result&)>& choose, const std::string& reason);
  const Verdict* verdict_of(const char* id, const Component* component) const;
  void print_known();
  json::object report() const;

  const CheckRequest& request_;
  Package package_;
  Case whole_;
  std::deque<Case> cases_;
  std::vector<Result> results_;
  size_t printed_ = 0;
  std::string cache_dir_;
};

}  // namespace vhost::check
