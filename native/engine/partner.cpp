#include "engine/partner.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "engine/error.hpp"
#include "engine/placement.hpp"

namespace queuemark {
namespace {

constexpr std::size_t kComplaintBytes = 256;

}  // namespace

Partner::Partner(int cpu, const std::function<void()>& work)
    : memory_(kComplaintBytes, "a probe's complaint"), complaint_(reinterpret_cast<char*>(memory_.data())) {
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ < 0) throw_system("start the second process of a probe");
  if (pid_ > 0) return;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(kExitInternal);
  // A Ctrl-C reaches the whole group; the answer to it is the parent's.
  signal(SIGINT, SIG_IGN);
  try {
    pin({cpu});
    work();
  } catch (const std::exception& error) {
    std::strncpy(complaint_, error.what(), kComplaintBytes - 1);
  }
  _exit(kExitInternal);
}

Partner::~Partner() {
  if (ended_) return;
  kill(pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void Partner::check() {
  if (!ended_ && waitpid(pid_, nullptr, WNOHANG) != pid_) return;
  ended_ = true;
  throw SystemError(std::string("the second process of the probe has ended: ") +
                    (complaint_[0] ? complaint_ : "it left no reason"));
}

Alternating::Alternating(int cpu, const std::function<void()>& share)
    : memory_(sizeof(Board), "the turns of a probe"),
      board_(new (memory_.data()) Board),
      partner_(cpu, [board = board_, &share] {
        for (std::uint32_t mine = 1;; mine += 2) {
          board->turn.await(mine);
          const Nanoseconds begin_ns = now_ns();
          share();
          board->elapsed_ns = now_ns() - begin_ns;
          board->turn.give(mine + 1);
        }
      }) {}

Nanoseconds Alternating::ask() {
  board_->turn.give(count_ + 1);
  count_ += 2;
  board_->turn.await(count_, partner_);
  return board_->elapsed_ns;
}

}  // namespace queuemark
