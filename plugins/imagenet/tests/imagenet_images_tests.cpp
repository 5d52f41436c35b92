// The datasets: which files, labels and names; views as functions of the seed; errors that name place and fix.
#include <boost/test/unit_test.hpp>
#include <thread>

#include "images.h"
#include "shape_image.h"
#include "support.h"

using namespace imagenet;
using namespace imagenet_test;
namespace fs = std::filesystem;

namespace {

// Three class folders: two photos' worth of noise each, one of them nested, one upper-case, one PNG by content.
struct Folders : TemporaryFolder {
  Folders() {
    write("n02/b.JPEG", encode_jpeg(test_picture(60, 40, 1)));
    write("n02/deep/a.jpg", encode_jpeg(test_picture(40, 60, 2)));
    write("n01/x.png", encode_jpeg(test_picture(33, 33, 3)));
    write("n10/y.ppm", "P6 2 2 255\n" + std::string(12, 'a'));
    write("n10/notes.txt", "no image");
    write("n10/._y.ppm", "a Mac's");
  }
};

ImagesOptions folder_options(const fs::path& root) {
  ImagesOptions o;
  o.class_folders = true, o.root = root.string();
  o.crop.kind = CropKind::kRandomResized, o.crop.size = 16, o.flip = 0.5;
  return o;
}
ImagesOptions list_options(const std::string& list) {
  ImagesOptions o = folder_options("");
  o.class_folders = false, o.root = "", o.list = list;
  return o;
}

std::string error_of(const ImagesOptions& options) {
  try {
    Images(options, {});
    return "none";
  } catch (const OptionError& error) {
    return error.pointer + " " + error.what();
  } catch (const std::exception& error) {
    return error.what();
  }
}

boost::test_tools::assertion_result has_media(boost::unit_test::test_unit_id) {
  boost::test_tools::assertion_result ready = !media_folder().empty();
  ready.message() << "skipped: needs the sample media (VHOST_MEDIA)";
  return ready;
}

File read(const Images& images, int64_t index, Pass pass, uint64_t seed) {
  File out(static_cast<size_t>(images.image_bytes(pass)));
  Output output{seed, out.data()};
  images.read(index, pass, {&output, 1});
  return out;
}

}  // namespace

BOOST_FIXTURE_TEST_CASE(class_folders_are_numbered_as_sorted, Folders) {
  Images images(folder_options(path), {});
  BOOST_REQUIRE(images.length() == 4);
  BOOST_TEST(images.classes() == 3);
  const char* names[] = {"n01/x.png", "n02/b.JPEG", "n02/deep/a.jpg", "n10/y.ppm"};
  int64_t labels[] = {0, 1, 1, 2};
  for (int64_t i = 0; i < 4; ++i) {
    BOOST_TEST(images.item(i).path == (path / names[i]).string());
    BOOST_TEST(images.item(i).label == labels[i]);
    BOOST_TEST(read(images, i, Pass::kTrain, 1).size() == 16u * 16 * 3);
  }
  BOOST_TEST(images.class_name(1) == "n02");
  BOOST_TEST(images.class_name(3) == "");
  BOOST_TEST(images.fingerprint().starts_with("n=4 hash="));
}

BOOST_FIXTURE_TEST_CASE(class_folders_that_cannot_be_used_are_named, Folders) {
  BOOST_TEST(error_of(folder_options(path / "missing")) ==
             (path / "missing").string() + " can't be read: No such file or directory");
  BOOST_TEST(error_of(folder_options("")) == "/root is missing: the folder of the class folders, or give \"files\"");
  BOOST_TEST(error_of(folder_options(path / "n01")) ==
             (path / "n01").string() + " holds no class folder: wanted one folder a class, images below it");
  fs::create_directory(path / "n03");
  BOOST_TEST(error_of(folder_options(path)) ==
             (path / "n03").string() + " holds no image (jpg, jpeg, png, ppm, bmp, pgm, tif, webp, ..)");
  fs::remove(path / "n03");
  auto options = folder_options(path);
  options.classes = 2;
  BOOST_TEST(error_of(options) == "/classes is 2, but " + path.string() + " has the label 2");
  fs::create_directory_symlink("..", path / "n01" / "up");
  BOOST_TEST(error_of(folder_options(path)).find("nested more than 32 deep; does a link point upwards?") !=
             std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(classes_get_names_by_synset, Folders) {
  fs::rename(path / "n01", path / "n01440764");
  fs::rename(path / "n02", path / "n02123045");
  fs::rename(path / "n10", path / "n01443537");
  TemporaryFolder other;
  auto options = folder_options(path);
  options.class_names = other.write(
      "map.txt",
      "n01440764 tench, Tinca tinca\nn01443537 goldfish\nn01484850 white shark\nn02123045 tabby, tabby cat\n");
  Images by_folder(options, {});
  BOOST_TEST(by_folder.classes() == 3);
  BOOST_TEST(by_folder.class_name(0) == "tench, Tinca tinca");
  BOOST_TEST(by_folder.class_name(2) == "tabby, tabby cat");
  options.index_by_names = true;
  Images by_name(options, {});
  BOOST_TEST(by_name.classes() == 4);
  BOOST_TEST(by_name.item(0).label == 0);
  BOOST_TEST(by_name.item(by_name.length() - 1).label == 3);
  BOOST_TEST(by_name.class_name(3) == "tabby, tabby cat");
  options.class_names = other.write("few.txt", "n01440764\n");
  BOOST_TEST(error_of(options) == "/class_names " + options.class_names + " doesn't list the class folder n01443537");
  options.index_by_names = false, options.class_names = other.write("names.txt", "tench\ngoldfish\n");
  BOOST_TEST(error_of(options) == "/class_names " + options.class_names + " names 2 classes without synsets, but " +
                                      path.string() + " has 3 class folders");
}

BOOST_AUTO_TEST_CASE(class_names_are_read_in_every_form) {
  TemporaryFolder folder;
  auto names = [&](const std::string& text) {
    std::string all;
    for (const auto& c : read_class_names(folder.write("names", text))) all += c.synset + ":" + c.name + ";";
    return all;
  };
  BOOST_TEST(names("tench\r\n\nwhite shark\n") == ":tench;:white shark;");
  BOOST_TEST(names("n01440764\nn01443537\n") == "n01440764:n01440764;n01443537:n01443537;");
  BOOST_TEST(names("n01440764 tench, Tinca\nn01443537\tgoldfish\n") == "n01440764:tench, Tinca;n01443537:goldfish;");
  BOOST_TEST(names("0\ttench\n1\tgoldfish\n") == ":tench;:goldfish;");
  BOOST_TEST(names("[\"tench\",\n\"jack-o'-lantern\", \"a\\\"b\\u00e9\"]") == ":tench;:jack-o'-lantern;:a\"b\xc3\xa9;");
  BOOST_TEST(names(R"({"1": ["n01443537", "goldfish"], "0": ["n01440764", "tench"]})") ==
             "n01440764:tench;n01443537:goldfish;");
  auto error = [&](const std::string& text) {
    try {
      return names(text);
    } catch (const vh::media::ListError& e) {
      return std::string(e.what()).substr(folder.path.string().size() + 8);
    }
  };
  BOOST_TEST(error("") == "names no class");
  BOOST_TEST(error("[\"tench") == "a string has no end");
  BOOST_TEST(error("[\"a\\u00") == "a \\u escape is cut off");
  BOOST_TEST(error("{\"0\": [\"n01440764\"]}") == "wanted {\"0\": [\"n01440764\", \"tench\"], ..}, found 2 strings");
  BOOST_TEST(error(R"({"7": ["n01443537", "goldfish"]})") ==
             "wanted {\"0\": [\"n01440764\", \"tench\"], ..}, found the key '7'");
}

BOOST_AUTO_TEST_CASE(published_label_files_are_read, *boost::unit_test::precondition(has_media)) {
  fs::path labels = media_folder() / "labels";
  auto synsets = read_class_names(labels / "imagenet_synsets.txt"),
       index = read_class_names(labels / "imagenet_class_index.json"),
       simple = read_class_names(labels / "imagenet-simple-labels.json");
  BOOST_REQUIRE((synsets.size() == 1000 && index.size() == 1000 && simple.size() == 1000));
  for (size_t i = 0; i < 1000; ++i) BOOST_TEST(synsets[i].synset == index[i].synset);
  BOOST_TEST(index[281].name == "tabby");
  BOOST_TEST(simple[281].name == "tabby cat");
  BOOST_TEST(read_class_names(labels / "ma52_label_name.txt").size() == 52u);
}

BOOST_FIXTURE_TEST_CASE(lists_name_files_below_their_root, Folders) {
  std::string list = write("list.txt", "n02/b.JPEG 5\nn01/x.png 0\nno extension 1\n");
  write("no extension", encode_jpeg(test_picture(20, 20)));
  Images images(list_options(list), {});
  BOOST_REQUIRE(images.length() == 3);
  BOOST_TEST(images.classes() == 6);
  BOOST_TEST(images.item(0).path == (path / "n02/b.JPEG").string());
  BOOST_TEST(images.item(2).path == (path / "no extension").string());
  BOOST_TEST(images.item(0).label == 5);
  auto options = list_options(list);
  options.root = "/nowhere";
  BOOST_TEST(error_of(options) ==
             "/root none of the 3 images of the list exists below it; the first: /nowhere/n02/b.JPEG");
  options = list_options(list), options.classes = 4;
  BOOST_TEST(error_of(options) == "/classes is 4, but " + list + " has the label 5");
  BOOST_TEST(error_of(list_options("")) == "/list is missing: the list file of the images, or give \"files\"");
  BOOST_TEST(error_of(list_options(write("empty.txt", "# nothing\n"))) ==
             "/list " + (path / "empty.txt").string() + " lists no image");
  std::string words = write("words.txt", "n02/b.JPEG 5\nn01/x.png n01\n");
  BOOST_TEST(error_of(list_options(words)) ==
             words + ":2: no label after the path, unlike in the lines above: 'n01/x.png n01'");
}

BOOST_FIXTURE_TEST_CASE(files_replace_what_was_listed, Folders) {
  auto options = folder_options(path);
  options.files = {(path / "n01/x.png").string()};
  Images images(options, {});
  BOOST_TEST(images.length() == 1);
  BOOST_TEST(images.classes() == 3);
  BOOST_TEST(images.item(0).label == -1);
  options.root = "/nowhere", options.class_names = "/nowhere/names.txt", options.classes = 7;
  BOOST_TEST(Images(options, {}).classes() == 7);
  options.files = {"/nowhere/a.jpg"};
  BOOST_TEST(error_of(options) == "/files none of the 1 files exists; the first: /nowhere/a.jpg");
}

BOOST_FIXTURE_TEST_CASE(unreadable_samples_name_file_and_cause, Folders) {
  write("n01/broken.jpg", "<html>");
  fs::create_directory(path / "n01" / "folder.jpg");
  write("n01/folder.jpg/in.png", encode_jpeg(test_picture(9, 9)));
  Images images(folder_options(path), {});
  BOOST_TEST(images.item(1).path == (path / "n01/folder.jpg/in.png").string());
  auto error = [&](int64_t index) {
    try {
      read(images, index, Pass::kTrain, 1);
      return std::string("none");
    } catch (const SampleError& e) {
      return e.path.substr(path.string().size()) + " " + e.what();
    }
  };
  BOOST_TEST(
      error(0) ==
      "/n01/broken.jpg is no image of a known kind (JPEG, PNG, WebP, BMP, PNM, TIFF, GIF, AVIF): begins with '<html>'");
  BOOST_TEST(error(1) == "none");
  fs::remove(path / "n02/b.JPEG");
  BOOST_TEST(error(3) == "/n02/b.JPEG can't be opened: No such file or directory");
}

BOOST_FIXTURE_TEST_CASE(a_seed_gives_the_same_bytes_alone_together_and_on_any_thread, Folders) {
  auto options = folder_options(path);
  write("n02/large.jpg", encode_jpeg(test_picture(400, 300, 9)));  // large enough for several scales
  Images images(options, {});
  auto size = static_cast<size_t>(images.image_bytes(Pass::kTrain));
  for (int64_t index = 0; index < images.length(); ++index) {
    constexpr size_t kSeeds = 12;
    std::vector<File> alone, together(kSeeds, File(size));
    std::vector<Output> outputs;
    for (size_t s = 0; s < kSeeds; ++s) {
      alone.push_back(read(images, index, Pass::kTrain, s));
      outputs.push_back({s, together[s].data()});
    }
    images.read(index, Pass::kTrain, outputs);
    std::vector<std::thread> threads;
    std::vector<File> threaded(kSeeds);
    for (size_t s = 0; s < kSeeds; ++s)
      threads.emplace_back([&, s] { threaded[s] = read(images, index, Pass::kTrain, s); });
    for (auto& thread : threads) thread.join();
    for (size_t s = 0; s < kSeeds; ++s) {
      BOOST_TEST((alone[s] == together[s]), images.item(index).path << ", seed " << s);
      BOOST_TEST((alone[s] == threaded[s]));
    }
    if (index != images.length() - 1) BOOST_TEST((alone[0] != alone[1]));
  }
}

BOOST_AUTO_TEST_CASE(scaled_decoding_changes_little) {
  TemporaryFolder folder;
  auto options = folder_options("");
  vh::media::Picture picture = shape_image(512, "star", 4);
  JpegSettings settings;
  settings.across = settings.down = 1;
  options.files = {folder.write("a.jpg", encode_jpeg(picture, settings))};
  options.crop.size = 64, options.crop.area = {0.3, 1};  // 2 x 2 x 64 pixels and more
  Images scaled(options, {});
  options.scaled_decoding = false;
  Images exact(options, {});
  for (uint64_t seed = 0; seed < 10; ++seed) {
    File a = read(scaled, 0, Pass::kTrain, seed), b = read(exact, 0, Pass::kTrain, seed);
    double sum = 0;
    for (size_t i = 0; i < a.size(); ++i) sum += std::abs(int{a[i]} - int{b[i]});
    BOOST_TEST(sum / static_cast<double>(a.size()) < 1.5,
               "seed " << seed << ": " << sum / static_cast<double>(a.size()));
    BOOST_TEST((a != b));
  }
}

BOOST_AUTO_TEST_CASE(flips_mirror_and_evaluation_looks_at_the_middle) {
  TemporaryFolder folder;
  auto options = folder_options("");
  // 24 x 16: columns 0..23, so that the centre square begins at column 4.
  std::string ppm = "P6 24 16 255\n";
  for (int i = 0; i < 24 * 16; ++i) ppm += std::string(3, static_cast<char>(i % 24));
  options.files = {folder.write("ramp.ppm", ppm)};
  Images images(options, {});
  File middle = read(images, 0, Pass::kEval, 1);
  for (size_t x = 0; x < 16; ++x) BOOST_TEST(middle[x * 3] == x + 4);
  options.crops = 3;
  File three = read(Images(options, {}), 0, Pass::kEval, 1);
  BOOST_REQUIRE(three.size() == middle.size() * 3);
  BOOST_TEST((three[0] == 0 && three[middle.size()] == 4 && three[middle.size() * 2] == 8));
  options.crop.kind = CropKind::kCenter, options.flip = 1;
  File mirrored = read(Images(options, {}), 0, Pass::kTrain, 1);
  for (size_t x = 0; x < 16; ++x) BOOST_TEST(mirrored[x * 3] == 19 - x);
}

BOOST_FIXTURE_TEST_CASE(augmentations_follow_the_seed_and_leave_evaluation_alone, Folders) {
  auto options = folder_options(path);
  Images plain(options, {});
  options.augment.rand_augment.set = vh::media::OpSet::kTimm;
  options.augment.erase.probability = 1, options.augment.erase.mode = vh::media::EraseMode::kUniform;
  Images augmented(options, {});
  for (uint64_t seed = 0; seed < 5; ++seed) {
    File a = read(augmented, 1, Pass::kTrain, seed);
    BOOST_TEST((a == read(augmented, 1, Pass::kTrain, seed)));
    BOOST_TEST((a != read(plain, 1, Pass::kTrain, seed)));
    BOOST_TEST((read(augmented, 1, Pass::kEval, seed) == read(plain, 1, Pass::kEval, 0)));
  }
}
