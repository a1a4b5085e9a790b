// Writing many messages to a byte stream by one call (writev(2)).
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <span>

namespace queuemark {

// How many messages a call has taken that took so many bytes. When it ended inside one, send_rest(bytes,
// count) sends what is left of that one.
template <class SendRest>
std::size_t whole_messages(std::span<const iovec> messages, std::size_t bytes, SendRest&& send_rest) {
  std::size_t taken = 0;
  for (; taken < messages.size() && bytes >= messages[taken].iov_len; ++taken)
    bytes -= messages[taken].iov_len;
  if (bytes == 0 && taken) return taken;
  const auto from = static_cast<const std::byte*>(messages[taken].iov_base);
  send_rest(from + bytes, messages[taken].iov_len - bytes);
  return taken + 1;
}

}  // namespace queuemark
