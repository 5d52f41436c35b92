// What predict found, as text, JSON, CSV or a picture. No LibTorch here.
#pragma once
#include <string>
#include <vector>

#include "base/json.h"
#include "report/picture.h"

namespace vhost {

struct Answer {
  int64_t label = 0;
  std::string name;  // of the class
  double score = 0;  // 0..1
};

struct Prediction {
  std::string file;
  std::string error;         // why it could not be read; "" = it was
  std::vector<Answer> best;  // the best first
  Picture frame;             // may be empty
};

// Columns file, class, score; further classes of a file on lines of their own.
std::string predictions_table(const std::vector<Prediction>& predictions);
// [{"file", "top": [{"label", "class", "score"}], "error"}]; "error" only where there is one.
json::array predictions_json(const std::vector<Prediction>& predictions);
// RFC 4180 with the header file,rank,label,class,score,error; ranks from 1; an unreadable file has one line without
// rank.
std::string predictions_csv(const std::vector<Prediction>& predictions);

// A tile per file with its frame, its best class with the score, and its name; rows of tiles, one picture for all. A
// single file has a larger tile and up to five classes.
Picture predictions_picture(const std::vector<Prediction>& predictions, const std::string& title);

}  // namespace vhost
