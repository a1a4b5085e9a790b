// Loaded into a runner (LD_PRELOAD), makes one mistake of an old benchmark, as MISTAKE names it:
//
// partial-batch   a consumer hands on what it receives ten at a time, and at the end forgets what is left
// stray           another message goes in place of the tenth: one of the warm-up again
// hello           another message goes in place of the tenth: 512 bytes of something else
// unwritten       what follows a message's number is never written
// slow-start      a worker takes 700 ms to begin
// slow-end        a worker takes 700 ms to end
// flushing-end    a worker flushes what it inherited when it ends
//
// MISTAKE_BYTES: a message with its framing as one call; no other call is touched. MISTAKE_BEHIND: those of
// it that follow the message. MISTAKE_LOG: a file to which each message is appended as it went into its call.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 10, LARGEST = 4096, TENTH = 10, HELLO_BYTES = 512, MESSAGE_BYTES = 16, NUMBER_BYTES = 8 };

static bool made(const char* mistake) {
  const char* asked = getenv("MISTAKE");
  return asked && !strcmp(asked, mistake);
}

static size_t frame_bytes(void) {
  const char* told = getenv("MISTAKE_BYTES");
  return told ? (size_t)atol(told) : 0;
}

static size_t bytes_behind(void) {
  const char* told = getenv("MISTAKE_BEHIND");
  return told ? (size_t)atol(told) : 0;
}

static void be_slow(void) { nanosleep(&(struct timespec){0, 700 * 1000 * 1000}, NULL); }

// ---- sending

struct call {
  enum { STREAM, SOCKET, QUEUE } kind;
  int end, flags;
};

static ssize_t put(struct call to, const char* from, size_t count) {
  static int (*queue_send)(mqd_t, const char*, size_t, unsigned);
  if (!queue_send) *(void**)&queue_send = dlsym(RTLD_NEXT, "mq_send");
  if (to.kind == QUEUE) return queue_send(to.end, from, count, 0) ? -1 : (ssize_t)count;
  if (to.kind == SOCKET) return syscall(SYS_sendto, to.end, from, count, to.flags, NULL, 0);
  return syscall(SYS_write, to.end, from, count);
}

static void keep(const char* message, size_t count) {
  const char* path = getenv("MISTAKE_LOG");
  if (!path) return;
  const int log = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (log < 0 || syscall(SYS_write, log, message, count) != (long)count) abort();
  close(log);
}

// A message has 16 bytes, and its number comes first.
static ssize_t send_mistaken(struct call to, const char* from, size_t count) {
  static char first[LARGEST];
  static unsigned messages;
  if (count != frame_bytes() || count > LARGEST) return put(to, from, count);
  char message[LARGEST];
  memcpy(message, from, count);
  const bool tenth = ++messages == TENTH;
  if (messages == 1) memcpy(first, message, count);
  if (made("unwritten")) {
    memset(message + count - bytes_behind() - (MESSAGE_BYTES - NUMBER_BYTES), 0,
           MESSAGE_BYTES - NUMBER_BYTES);
  }
  if (tenth && made("stray")) memcpy(message, first, count);
  keep(message, count);
  if (tenth && made("hello")) {
    char hello[HELLO_BYTES] = "hello, here I am";
    return put(to, hello, sizeof hello) == sizeof hello ? (ssize_t)count : -1;
  }
  return put(to, message, count);
}

ssize_t send(int socket, const void* from, size_t count, int flags) {
  return send_mistaken((struct call){SOCKET, socket, flags}, from, count);
}

ssize_t write(int end, const void* from, size_t count) {
  return send_mistaken((struct call){STREAM, end, 0}, from, count);
}

int mq_send(mqd_t queue, const char* from, size_t count, unsigned priority) {
  (void)priority;
  return send_mistaken((struct call){QUEUE, queue, 0}, from, count) < 0 ? -1 : 0;
}

// ---- receiving

static ssize_t get(struct call from, char* into, size_t capacity) {
  static ssize_t (*queue_receive)(mqd_t, char*, size_t, unsigned*);
  if (!queue_receive) *(void**)&queue_receive = dlsym(RTLD_NEXT, "mq_receive");
  if (from.kind == QUEUE) return queue_receive(from.end, into, capacity, NULL);
  return syscall(SYS_recvfrom, from.end, into, capacity, from.flags, NULL, NULL);
}

// The first message passes at once: it is the probe, and nothing else moves before it has come.
static ssize_t receive_mistaken(struct call from, char* into, size_t capacity) {
  static char held[BATCH][LARGEST];
  static ssize_t lengths[BATCH];
  static unsigned count, given;
  static bool probed;
  if (!made("partial-batch") || !probed) {
    probed = true;
    return get(from, into, capacity);
  }
  if (given == count) given = count = 0;
  for (; !given && count < BATCH; count++) {
    lengths[count] = get(from, held[count], capacity < LARGEST ? capacity : LARGEST);
    if (lengths[count] <= 0) return lengths[count];  // the end, and nobody asks what is held
  }
  memcpy(into, held[given], (size_t)lengths[given]);
  return lengths[given++];
}

ssize_t recv(int socket, void* into, size_t capacity, int flags) {
  return receive_mistaken((struct call){SOCKET, socket, flags}, into, capacity);
}

ssize_t mq_receive(mqd_t queue, char* into, size_t capacity, unsigned* priority) {
  (void)priority;
  return receive_mistaken((struct call){QUEUE, queue, 0}, into, capacity);
}

// ---- beginning and ending

// The first that a worker does is to tie its life to its parent's.
int prctl(int option, ...) {
  va_list more;
  va_start(more, option);
  const unsigned long value = va_arg(more, unsigned long);
  va_end(more);
  if (option == PR_SET_PDEATHSIG && made("slow-start")) be_slow();
  return (int)syscall(SYS_prctl, option, value, 0, 0, 0);
}

void _exit(int code) {
  if (made("slow-end")) be_slow();
  if (made("flushing-end")) exit(code);
  for (;;) syscall(SYS_exit_group, code);
}
