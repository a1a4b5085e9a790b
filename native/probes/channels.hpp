// The mechanisms of the kernel as probes use them: both ends in one process, nobody ever waiting for the
// other.
//
// A channel holds a batch of messages that is sent and then received, by a call for each or by as few calls
// as the mechanism lets one take. Calls do not sleep: what cannot be done at once is tried again for a moment
// and then told as a SystemError.
#pragma once

#include <sys/uio.h>

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/descriptor.hpp"

namespace queuemark {

class Channel {
 public:
  virtual ~Channel() = default;
  virtual void send(std::span<const std::byte> message) = 0;
  // As few calls as it takes; the messages lie behind each other, all of one size.
  virtual void send_all(std::span<const iovec> messages) = 0;
  // Nothing goes on its way by itself any more, as behind what waits for the receiver, until it is pushed.
  virtual void hold() {}
  // What the mechanism holds back goes on its way.
  virtual void push() {}
  virtual void receive(std::span<std::byte> into) = 0;
  virtual void receive_all(std::span<const iovec> into) = 0;
};

// One kind of channel. vectors: many messages fit into one call. stream: it keeps no boundaries, so that one
// call takes as much as there is. holds: what is sent behind something that waits is put to it.
struct ChannelKind {
  const char* name;
  bool vectors;
  bool stream;
  bool holds;
  std::unique_ptr<Channel> (*open)(std::size_t message_bytes);
};

// In the order in which they are told. Each is named as transports name it in what their messages cost.
std::span<const ChannelKind> channel_kinds();

// Two connected ends that block, for a stream that two processes share; nothing for what is no stream.
struct StreamEnds {
  Descriptor out, in;
};
StreamEnds open_stream(const std::string& kind);

}  // namespace queuemark
