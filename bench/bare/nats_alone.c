// A server of NATS that does next to nothing, so that a client stands alone: to be measured against, not
// with.
//
// drain: reads what is published and throws it away.
// pass: hands each message on to the one subscriber, in the frame that it gets.
//
// It prints its address and serves until its input is closed. What a client asks for a confirmation of is
// always the last that it has sent, so a PING is looked for at the end of what was read, and nowhere else.
#define _GNU_SOURCE
#include <poll.h>

#include "bare.h"

enum { CLIENTS_HIGH = 8, ROOM_BYTES = 1 << 20, HEAD_HIGH = 96 };

struct client {
  int socket;
  size_t have;
  char* room;
};

struct server {
  struct client clients[CLIENTS_HIGH];
  unsigned count;
  int subscriber;     // where messages are handed on to; -1: nowhere yet
  char messages[40];  // its subject
  char end[44];       // that of the end
  char* out;
};

static const char kInfo[] = "INFO {\"version\":\"0\",\"headers\":false,\"max_payload\":1048576}\r\n";

static void write_all(int to, const char* from, size_t count) {
  while (count) {
    const ssize_t done = send(to, from, count, MSG_NOSIGNAL);
    if (done < 0 && errno != EINTR) return;  // who is gone gets nothing
    if (done > 0) from += done, count -= (size_t)done;
  }
}

static int listening(void) {
  struct sockaddr_in address = loopback();
  socklen_t length = sizeof address;
  const int made = socket(AF_INET, SOCK_STREAM, 0);
  if (made < 0 || bind(made, (struct sockaddr*)&address, length) || listen(made, CLIENTS_HIGH))
    fail("listen");
  if (getsockname(made, (struct sockaddr*)&address, &length)) fail("getsockname");
  printf("nats://127.0.0.1:%d\n", ntohs(address.sin_port));
  fflush(stdout);
  return made;
}

// Lines of the setting up: of all that a client may say then, a subscription matters.
static void read_setup(struct server* server, struct client* client) {
  char* line = client->room;
  for (char* end; (end = memchr(line, '\n', client->have - (size_t)(line - client->room))); line = end + 1) {
    char subject[40], last[8];
    *end = 0;
    if (sscanf(line, "SUB %39s q %7s", subject, last) != 2) continue;
    server->subscriber = client->socket;
    snprintf(server->messages, sizeof server->messages, "%s", subject);
    snprintf(server->end, sizeof server->end, "%s.end", subject);
  }
  client->have = 0;
}

// Each whole PUB at the front as the MSG that the subscriber knows; what is left is moved to the front.
static void pass_on(struct server* server, struct client* client) {
  const char* at = client->room;
  const char* const end = client->room + client->have;
  char* out = server->out;
  while (end - at > 4 && at[0] == 'P' && at[1] == 'U') {
    const char* const line_end = memchr(at, '\n', (size_t)(end - at < HEAD_HIGH ? end - at : HEAD_HIGH));
    if (!line_end) break;
    const char* digits = line_end - 1;
    size_t bytes = 0;
    for (size_t place = 1; digits[-1] != ' '; place *= 10) bytes += place * (size_t)(*--digits - '0');
    if ((size_t)(end - line_end - 1) < bytes + 2) break;
    const bool ends = bytes == 0;
    out += sprintf(out, "MSG %s %d %zu\r\n", ends ? server->end : server->messages, ends ? 2 : 1, bytes);
    memcpy(out, line_end + 1, bytes + 2);
    out += bytes + 2;
    at = line_end + 1 + bytes + 2;
  }
  write_all(server->subscriber, server->out, (size_t)(out - server->out));
  client->have = (size_t)(end - at);
  memmove(client->room, at, client->have);
}

static bool asks(const struct client* client) {
  return client->have >= 6 && !memcmp(client->room + client->have - 6, "PING\r\n", 6);
}

// False when the client has gone.
static bool serve(struct server* server, struct client* client, bool passes) {
  const ssize_t got = recv(client->socket, client->room + client->have, ROOM_BYTES / 2 - client->have, 0);
  if (got <= 0) return false;
  client->have += (size_t)got;
  const bool asked = asks(client);
  if (asked) client->have -= 6;
  if (client->have && client->room[0] == 'P' && passes) {
    pass_on(server, client);
  } else if (passes) {
    read_setup(server, client);
  } else {
    client->have = 0;
  }
  if (asked) write_all(client->socket, "PONG\r\n", 6);
  return true;
}

static void welcome(struct server* server, int listener) {
  struct client* client = &server->clients[server->count];
  client->socket = accept(listener, NULL, NULL);
  if (client->socket < 0) fail("accept");
  const int on = 1;
  if (setsockopt(client->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on)) fail("TCP_NODELAY");
  if (!client->room) client->room = filled(ROOM_BYTES, 0);
  client->have = 0;
  server->count++;
  write_all(client->socket, kInfo, sizeof kInfo - 1);
}

static void dismiss(struct server* server, unsigned index) {
  const struct client gone = server->clients[index];
  close(gone.socket);
  server->clients[index] = server->clients[--server->count];
  server->clients[server->count] = gone;
}

int main(int argc, char** argv) {
  const bool passes = argc == 2 && !strcmp(argv[1], "pass");
  if (argc != 2 || (!passes && strcmp(argv[1], "drain")))
    return fprintf(stderr, "usage: nats_alone drain|pass\n"), 2;
  static struct server server = {.subscriber = -1};
  server.out = filled(2 * ROOM_BYTES, 0);
  const int listener = listening();
  for (;;) {
    struct pollfd watched[2 + CLIENTS_HIGH] = {{0, POLLIN, 0}, {listener, POLLIN, 0}};
    for (unsigned i = 0; i < server.count; i++)
      watched[2 + i] = (struct pollfd){server.clients[i].socket, POLLIN, 0};
    const unsigned known = server.count;
    if (poll(watched, 2 + known, -1) < 0) fail("poll");
    if (watched[0].revents) return 0;
    for (unsigned i = known; i-- > 0;)
      if (watched[2 + i].revents && !serve(&server, &server.clients[i], passes)) dismiss(&server, i);
    if (watched[1].revents && server.count < CLIENTS_HIGH) welcome(&server, listener);
  }
}
