// A person's own messages, mapped from their file: one a line, or length-prefixed records.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/options.hpp"

namespace queuemark {

class Messages {
 public:
  // lines: one message a line, "\n" or "\r\n" at its end is not part of it, empty lines are passed over.
  // u32: each record is preceded by its length, 4 bytes, little-endian; length 0 is an empty message.
  // Throws SystemError when the file cannot be read, UsageError when it holds no message or is cut short.
  Messages(const std::string& path, MessagesFormat format);
  ~Messages();
  Messages(const Messages&) = delete;
  Messages& operator=(const Messages&) = delete;

  std::span<const std::byte> operator[](std::size_t index) const { return records_[index]; }
  std::size_t count() const { return records_.size(); }
  std::size_t largest_bytes() const { return largest_bytes_; }

 private:
  void read_lines(std::span<const std::byte> file);
  void read_records(std::span<const std::byte> file, const std::string& path);

  void* map_ = nullptr;
  std::size_t map_bytes_ = 0;
  std::vector<std::span<const std::byte>> records_;
  std::size_t largest_bytes_ = 0;
};

}  // namespace queuemark
