// A file with given bytes that is gone when the program is.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <string>
#include <string_view>

namespace queuemark::test {

class TemporaryFile {
 public:
  explicit TemporaryFile(std::string_view bytes) {
    const int file = mkstemp(path_.data());
    if (file < 0 || write(file, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()))
      std::abort();
    close(file);
  }
  ~TemporaryFile() { unlink(path_.c_str()); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_ = "/tmp/queuemark-test-XXXXXX";
};

}  // namespace queuemark::test
