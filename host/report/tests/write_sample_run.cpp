// write_sample_run FOLDER STEPS EVERY [RESUME_STEP [live]]: writes a sample run as the engine would.
#include <unistd.h>

#include <cstdlib>
#include <iostream>

#include "sample_run.h"

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  const int64_t total = std::atoll(argv[2]), every = std::atoll(argv[3]), resume = argc > 4 ? std::atoll(argv[4]) : -1;
  const bool live = argc > 5;
  vhost::RunLog::Options options;
  options.work_dir = argv[1];
  options.title = "videomae-small-pretrain";
  options.append = resume >= 0;
  options.resume_step = std::max<int64_t>(resume, 0);
  try {
    vhost::RunLog log(options);
    log.summary(
        {{"backbone", "videomae/vit 1.0.0, 22 036 224 parameters"},
         {"dataset", "kinetics/clips 1.1.0, 2 048 clips"},
         {"effective batch", "64 (8 × 4 accumulated × 2)"},
         {"learning rate", "1.5e-4, cosine, 5 % warm-up"},
         {"precision", "bf16"},
         {"FLOPs per sample", "57.1 G"},
         {"steps", "8000 in 10 epochs"}},
        vhost::json::parse(
            R"({"vhost":1,"name":"videomae-small-pretrain","task":"pretrain","seed":0,"plugins":{"videomae":"^1.0"},
      "data":{"train":{"use":"kinetics/clips","list":"data/train.txt","frames":16,"stride":4},"batch":8},"optimizer":{"type":"adamw","lr":1.5e-4}})"));
    std::mt19937_64 random(7);
    for (int64_t step = 1; step <= total; ++step) {
      const auto record = vhost::report::sample_step(step, total, 10, random);
      if (step <= resume) continue;
      if (live) usleep(2000);
      log.tick(record);
      if (step == total / 3)
        log.message(2, "kinetics",
                    "clips/0123.mp4: no frame could be decoded (moov atom not found); another clip took its place");
      if (step % every == 0) log.step(record);
      if (step % std::max<int64_t>(1, total / 10) == 0) log.eval(vhost::report::sample_eval(record));
    }
    for (int i = 6; i < argc; ++i) log.picture("Masked input, reconstruction and original", argv[i]);
    log.finish("finished");
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
