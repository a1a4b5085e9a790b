#include "engine/messages.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "engine/error.hpp"

namespace queuemark {

Messages::Messages(const std::string& path, MessagesFormat format) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) throw_system("open the messages file " + path);
  struct stat status{};
  if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
    close(file);
    throw UsageError("the messages file " + path + " is not a regular file");
  }
  map_bytes_ = static_cast<std::size_t>(status.st_size);
  if (map_bytes_) {
    map_ = mmap(nullptr, map_bytes_, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0);
  }
  close(file);
  if (map_ == MAP_FAILED) throw_system("map the messages file " + path);
  const std::span bytes(static_cast<const std::byte*>(map_), map_bytes_);
  if (format == MessagesFormat::lines) {
    read_lines(bytes);
  } else {
    read_records(bytes, path);
  }
  if (records_.empty()) throw UsageError("the messages file " + path + " holds no message");
  for (const auto& record : records_) largest_bytes_ = std::max(largest_bytes_, record.size());
}

Messages::~Messages() {
  if (map_) munmap(map_, map_bytes_);
}

void Messages::read_lines(std::span<const std::byte> file) {
  std::size_t begin = 0;
  while (begin < file.size()) {
    const void* found = std::memchr(&file[begin], '\n', file.size() - begin);
    const std::size_t end = found ? static_cast<const std::byte*>(found) - file.data() : file.size();
    std::size_t length = end - begin;
    if (length && file[begin + length - 1] == std::byte{'\r'}) --length;
    if (length) records_.push_back(file.subspan(begin, length));
    begin = end + 1;
  }
}

void Messages::read_records(std::span<const std::byte> file, const std::string& path) {
  std::size_t at = 0;
  while (at < file.size()) {
    std::uint32_t length = 0;
    if (file.size() - at >= sizeof length) std::memcpy(&length, &file[at], sizeof length);
    if (file.size() - at < sizeof length || file.size() - at - sizeof length < length) {
      throw UsageError("the messages file " + path + " is cut short: the record at byte " +
                       std::to_string(at) + " ends behind the file");
    }
    records_.push_back(file.subspan(at + sizeof length, length));
    at += sizeof length + length;
  }
}

}  // namespace queuemark
