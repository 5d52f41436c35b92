// What paths and tables say of a video, and bytes that are unpacked; whole archives: tests/e2e/data_tools.py.
#include <zlib.h>

#include <boost/test/unit_test.hpp>

#include "prepare/annotations.h"
#include "prepare/byte_source.h"
#include "prepare/media_archive.h"
#include "prepare/safe_folder.h"

using namespace vhost;

namespace {

class Blocks : public ByteSource {
 public:
  Blocks(std::string bytes, size_t each) : bytes_(std::move(bytes)), each_(each) {}
  std::string_view read() override {
    const std::string_view block = std::string_view(bytes_).substr(at_, each_);
    at_ += block.size();
    return block;
  }

 private:
  std::string bytes_;
  size_t each_, at_ = 0;
};

std::string packed(const std::string& plain) {
  z_stream stream{};
  BOOST_REQUIRE(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(plain.size() + 100, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  BOOST_REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string unpacked(const std::string& bytes, size_t each) {
  Blocks blocks(bytes, each);
  const std::unique_ptr<ByteSource> plain = gunzipped(blocks, "x.gz");
  std::string out;
  for (std::string_view block = plain->read(); !block.empty(); block = plain->read()) out += block;
  return out;
}

template <class Fn>
std::string message_of(Fn fn) {
  try {
    fn();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

}  // namespace

BOOST_AUTO_TEST_CASE(folders_tell_split_and_class) {
  struct Row {
    const char *path, *split, *class_name;
  };
  for (const Row& row : {Row{"k400/train/abseiling/a.mp4", "train", "abseiling"},
                         {"train/training dog/a.mp4", "train", "training dog"},
                         {"training dog/a.mp4", "", "training dog"},
                         {"videos_val/a.mp4", "val", ""},
                         {"train_256/x/a.mp4", "train", "x"},
                         {"kinetics400-val/x/a.mp4", "val", "x"},
                         {"K400/raw/validation/part_12.tar.gz/a.mp4", "val", ""},
                         {"test/a.mp4", "test", ""},
                         {"train.tar.gz/a.mp4", "train", ""},
                         {"replacement/replacement_for_corrupted_k400/a.mp4", "", ""},
                         {"train/replacement_for_corrupted_k400/a.mp4", "train", ""},
                         {"testifying/a.mp4", "", "testifying"},
                         {"a.mp4", "", ""}}) {
    const VideoPlace place = place_of(row.path);
    BOOST_TEST(place.split == row.split, row.path << ": " << place.split);
    BOOST_TEST(place.class_name == row.class_name, row.path << ": " << place.class_name);
  }
}

BOOST_AUTO_TEST_CASE(tables_tell_class_and_split) {
  Annotations tables;
  BOOST_TEST(
      tables.add("label,youtube_id,time_start,time_end,split,is_cc\r\n\"a \"\"b\"\", c\",-x_y,7,17,validate,0\r\n",
                 "validate.csv") == 1);
  BOOST_TEST(tables.add("videos_train/one.mp4 3\nsome path/two.mkv 4\nnot a video 5\n", "train_list.txt") == 2);
  BOOST_TEST(tables.add("nothing here\n", "README.txt") == 0);
  const VideoPlace* cut = tables.find("-x_y_000007_000017.mp4");
  BOOST_REQUIRE(cut);
  BOOST_TEST(cut->class_name == "a \"b\", c");
  BOOST_TEST(cut->split == "val");
  BOOST_REQUIRE(tables.find("two.mp4"));
  BOOST_TEST(tables.find("two.mp4")->label == 4);
  BOOST_TEST(tables.find("two.mp4")->split == "train");
  BOOST_TEST(!tables.find("three.mp4"));
  tables.found("one.mp4");
  tables.found("-x_y_000007_000017.mp4");
  BOOST_TEST(tables.add("\xef\xbb\xbflabel,youtube_id\nair drumming,zz\n", "train.csv") == 1,
             "after a byte order mark");
  BOOST_TEST(tables.class_of_folder("Air_drumming") == "air drumming");
  BOOST_TEST(tables.class_of_folder("yoga") == "yoga");
  tables.found("zz.mp4");
  BOOST_TEST(tables.missing() == std::vector<std::string>{"train/two"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(gzip_is_unpacked_and_checked_however_it_is_cut) {
  std::string plain;
  for (int i = 0; i < 20000; ++i) plain += std::to_string(i * i);
  const std::string once = packed(plain), twice = once + packed("more") + std::string(512, '\0');
  for (const size_t each : {size_t{1}, size_t{7}, size_t{4096}, twice.size()}) {
    BOOST_TEST((unpacked(once, each) == plain), each);
    BOOST_TEST((unpacked(twice, each) == plain + "more"), each);
    BOOST_TEST((unpacked(plain, each) == plain), "not packed, " << each);
    BOOST_CHECK_THROW(unpacked(once.substr(0, once.size() / 2), each), CutShort);
    BOOST_CHECK_THROW(unpacked(once.substr(0, once.size() - 1), each), CutShort);
  }
  std::string wrong = once;
  wrong[wrong.size() - 6] ^= 1;
  BOOST_TEST(message_of([&] { unpacked(wrong, 4096); }) == "x.gz: is damaged: incorrect data check");
  BOOST_TEST(unpacked("", 1) == "");
}

BOOST_AUTO_TEST_CASE(mutated_archives_only_ever_throw_the_hosts_error) {
  std::string tar(10240, '\0');
  const std::string header = "train/c/a.mp4";
  std::copy(header.begin(), header.end(), tar.begin());
  const auto put = [&](size_t at, const std::string& text) {
    std::copy(text.begin(), text.end(), tar.begin() + static_cast<ptrdiff_t>(at));
  };
  put(100, "0000644"), put(108, "0000000"), put(116, "0000000"), put(124, "00000003000"), put(136, "00000000000");
  put(148, "        "), put(156, "0"), put(257, std::string("ustar\0", 6) + "00");
  unsigned sum = 0;
  for (size_t i = 0; i < 512; ++i) sum += static_cast<unsigned char>(tar[i]);
  char text[8];
  std::snprintf(text, sizeof text, "%06o", sum);
  put(148, std::string(text, 7));
  const std::string good = packed(tar);
  int entries = 0, failed = 0;
  const EntryVisitor count = [&](const MediaEntry&, ByteSource& data) {
    ++entries;
    while (!data.read().empty()) {
    }
  };
  Blocks whole(good, 4096);
  read_media_archive(whole, "k.tar.gz", count);
  BOOST_REQUIRE(entries == 1);
  unsigned random = 1;
  for (int i = 0; i < 2000; ++i) {
    std::string bytes = i % 2 ? good : tar;
    for (int k = 0; k < 1 + i % 4; ++k) {
      random = random * 1664525 + 1013904223;
      bytes[(random >> 8) % (i % 2 ? bytes.size() : 600)] = static_cast<char>(random >> 24);
    }
    Blocks blocks(bytes, 512);
    try {
      read_media_archive(blocks, "k.tar.gz", count);
    } catch (const Error& error) {
      ++failed;
      BOOST_REQUIRE(std::string(error.what()).starts_with("k.tar.gz"));
    }
  }
  BOOST_TEST(failed > 500);
}

BOOST_AUTO_TEST_CASE(names_that_could_lead_out_are_unusable) {
  for (const char* name : {"", ".", "..", "a/b", "a\\b", "a\nb"}) BOOST_TEST(!unusable_name(name).empty(), name);
  BOOST_TEST(!unusable_name(std::string(300, 'a')).empty());
  for (const char* name : {"a b.mp4", "..a", "massaging person's head"}) BOOST_TEST(unusable_name(name).empty(), name);
}
