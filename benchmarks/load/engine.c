/* A load generator for servers that fan messages out to circles.
 *
 * One thread, one epoll. Sockets come connected and subscribed, a circle's members next to each
 * other. Each message is sent by one member and must reach every other one exactly once, whole, in
 * the order of the log, and be acknowledged to its sender; all of that is checked.
 *
 * A body is a head of 16 bytes, which names the message, and filler that follows from its number:
 *
 *     "HWLOAD01"  uint32 circle  uint32 number  filler…
 *
 * Where a server passes on text alone, its numbers are in hexadecimal and its filler in letters.
 *
 * Times are nanoseconds of the monotonic clock.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum dialect { HALLWAY, MQTT, NATS, IRC, XMPP, MAILBOX }; /* the last three are text */

#define SECOND 1000000000ull
#define HEAD 16
#define TEXT_HEAD 24
#define MEMBERS_MOST 32
#define MESSAGES (1u << 18) /* remembered; far more than can be under way */
#define PACKETS 4096u       /* MQTT packet ids in use on one connection */
#define POOL (1u << 18)     /* bytes that fillers are cut from */
#define READ_SIZE (1u << 18)
#define BUCKET 4000 /* ns; the histograms reach to 4.2 s */
#define BUCKETS (1u << 20)
#define TIMER 0xFFFFFFFFu

static const uint8_t MAGIC[8] = "HWLOAD01";

typedef struct {
  uint32_t number, circle, arrived; /* arrived: a bit for each member */
  uint16_t sender, missing;
  uint8_t acknowledged, measured, open;
  uint64_t due;
} message_t;

typedef struct {
  uint8_t *at;
  size_t size, room;
} buffer_t;

typedef struct {
  int fd, dead, waits_to_write;
  uint32_t circle, member;
  buffer_t in, out;
  uint64_t log;                   /* HALLWAY: the newest n seen */
  uint32_t unacknowledged;        /* HALLWAY: entries since the last ack */
  uint32_t newest[MEMBERS_MOST];  /* by sender, the newest number seen */
  uint32_t packets[PACKETS];      /* MQTT: numbers of messages by packet id */
  uint16_t packet;
} socket_t;

/* Shared with engine.py. */
typedef struct {
  int32_t dialect, circles, members, body, ack_every;
  uint64_t log; /* n of each log when the sockets are handed over */
  uint64_t handshake;
} setup_t;

typedef struct {
  int32_t circles, window; /* window 0: open loop at `rate` */
  double rate, warm, measure, drain;
} slice_t;

typedef struct {
  uint64_t sent, completed, deliveries, acknowledged;
  uint64_t all_deliveries, lost, doubled, misordered, damaged, refused, ended, code;
  double deliver_p50, deliver_p99, ack_p50, ack_p99, processor;
} result_t;

typedef struct {
  setup_t setup;
  socket_t *sockets;
  uint32_t *next_sender; /* by circle */
  message_t *messages;
  uint32_t number;
  uint8_t *pool;
  uint32_t *delivering, *acknowledging;
  int epoll, timer;
  uint64_t random;
  /* of the slice that runs */
  slice_t slice;
  result_t *result;
  uint64_t measured_from, measured_to;
  int ending;
  uint64_t under_way;
} load_t;

static void publish(load_t *load, uint32_t circle, uint64_t due);

static uint64_t now(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return (uint64_t)at.tv_sec * SECOND + (uint64_t)at.tv_nsec;
}

static uint64_t next_random(load_t *load) { /* xorshift64 */
  uint64_t x = load->random;
  x ^= x << 13;
  x ^= x >> 7;
  x ^= x << 17;
  return load->random = x;
}

/* Buffers. */

static uint8_t *grow(buffer_t *buffer, size_t more) {
  if (buffer->size + more > buffer->room) {
    buffer->room = (buffer->size + more) * 2;
    buffer->at = realloc(buffer->at, buffer->room);
    if (!buffer->at) abort();
  }
  return buffer->at + buffer->size;
}

static void put(buffer_t *buffer, const void *bytes, size_t size) {
  memcpy(grow(buffer, size), bytes, size);
  buffer->size += size;
}

static void put_byte(buffer_t *buffer, uint8_t byte) { put(buffer, &byte, 1); }

static void put_big_endian(buffer_t *buffer, uint64_t value, int bytes) {
  while (bytes--) put_byte(buffer, (uint8_t)(value >> (8 * bytes)));
}

static void drop(buffer_t *buffer, size_t size) {
  buffer->size -= size;
  if (size) memmove(buffer->at, buffer->at + size, buffer->size);
}

static uint64_t big_endian(const uint8_t *at, int bytes) {
  uint64_t value = 0;
  while (bytes--) value = value << 8 | *at++;
  return value;
}

/* Times. */

static void count(uint32_t *histogram, uint64_t from, uint64_t to) {
  uint64_t bucket = (to > from ? to - from : 0) / BUCKET;
  histogram[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
}

static double milliseconds(const uint32_t *histogram, double quantile) {
  uint64_t all = 0, seen = 0;
  for (uint32_t bucket = 0; bucket < BUCKETS; bucket++) all += histogram[bucket];
  for (uint32_t bucket = 0; bucket < BUCKETS; bucket++) {
    seen += histogram[bucket];
    if (all && (double)seen >= quantile * (double)all) return (bucket + 0.5) * BUCKET / 1e6;
  }
  return NAN;
}

/* Sockets. */

static void watch(load_t *load, socket_t *from, int writing) {
  struct epoll_event event = {.events = EPOLLIN | (writing ? EPOLLOUT : 0),
                              .data.u32 = (uint32_t)(from - load->sockets)};
  if (writing != from->waits_to_write) epoll_ctl(load->epoll, EPOLL_CTL_MOD, from->fd, &event);
  from->waits_to_write = writing;
}

static void end(load_t *load, socket_t *from) {
  if (from->dead) return;
  from->dead = 1;
  load->result->ended++;
  epoll_ctl(load->epoll, EPOLL_CTL_DEL, from->fd, NULL);
}

static void write_out(load_t *load, socket_t *to) {
  size_t written = 0;
  while (!to->dead && written < to->out.size) {
    ssize_t got = send(to->fd, to->out.at + written, to->out.size - written, MSG_NOSIGNAL);
    if (got >= 0)
      written += (size_t)got;
    else if (errno == EAGAIN)
      break;
    else if (errno != EINTR)
      end(load, to);
  }
  drop(&to->out, written);
  if (!to->dead) watch(load, to, to->out.size > 0);
}

/* What arrives. */

static void completed(load_t *load, message_t *message) {
  if (!message->open || message->missing || !message->acknowledged) return;
  uint64_t at = now();
  message->open = 0;
  load->under_way--;
  if (at >= load->measured_from && at < load->measured_to) load->result->completed++;
  if (load->slice.window && !load->ending) publish(load, message->circle, at);
}

static void acknowledged(load_t *load, uint32_t number) {
  message_t *message = &load->messages[number % MESSAGES];
  if (!number || message->number != number || message->acknowledged) {
    load->result->doubled++;
    return;
  }
  message->acknowledged = 1;
  if (message->measured) {
    count(load->acknowledging, message->due, now());
    load->result->acknowledged++;
  }
  completed(load, message);
}

static int is_text(const load_t *load) { return load->setup.dialect >= IRC; }

static size_t head_size(const load_t *load) { return is_text(load) ? TEXT_HEAD : HEAD; }

static uint32_t head_number(const load_t *load, const uint8_t *body, int place) {
  char digits[9] = "";
  if (!is_text(load)) return (uint32_t)big_endian(body + sizeof MAGIC + 4 * place, 4);
  memcpy(digits, body + sizeof MAGIC + 8 * place, 8);
  return (uint32_t)strtoul(digits, NULL, 16);
}

static const uint8_t *filler(const load_t *load, uint32_t number) {
  return load->pool + number * 2654435761u % (POOL - (uint32_t)load->setup.body);
}

static void delivered(load_t *load, socket_t *to, const uint8_t *body, size_t size) {
  result_t *result = load->result;
  size_t whole = (size_t)load->setup.body, head = head_size(load);
  uint32_t number = size >= head ? head_number(load, body, 1) : 0;
  if (size != whole || memcmp(body, MAGIC, sizeof MAGIC) ||
      head_number(load, body, 0) != to->circle ||
      memcmp(body + head, filler(load, number), whole - head)) {
    result->damaged++;
    return;
  }
  message_t *message = &load->messages[number % MESSAGES];
  if (message->number != number) {
    result->doubled++;
    return;
  }
  if (to->member == message->sender) return; /* some servers send a publisher its own */
  if (message->arrived >> to->member & 1) {
    result->doubled++;
    return;
  }
  uint64_t at = now();
  message->arrived |= 1u << to->member;
  message->missing--;
  if (number <= to->newest[message->sender]) result->misordered++;
  to->newest[message->sender] = number;
  result->all_deliveries++;
  if (at >= load->measured_from && at < load->measured_to) result->deliveries++;
  if (message->measured) count(load->delivering, message->due, at);
  completed(load, message);
}

/* The relay's dialect: msgpack frames in websocket messages (docs/protocol.md section 4.1). */

static size_t packed(const uint8_t *at, size_t left, uint64_t *value, const uint8_t **bytes) {
  /* The size of one unsigned number, nil or bin; 0 where it is none of these. */
  if (!left) return 0;
  size_t number = 0, length = 0;
  *bytes = NULL;
  if (at[0] < 0x80 || at[0] == 0xc0) {
    *value = at[0];
    return 1;
  }
  if (at[0] >= 0xcc && at[0] <= 0xcf) number = 1u << (at[0] - 0xcc);
  if (at[0] >= 0xc4 && at[0] <= 0xc6) length = 1u << (at[0] - 0xc4);
  if (!(number + length) || left < 1 + number + length) return 0;
  *value = big_endian(at + 1, (int)(number + length));
  if (number) return 1 + number;
  if (left - 1 - length < *value) return 0;
  *bytes = at + 1 + length;
  return 1 + length + *value;
}

static void hear_frame(load_t *load, socket_t *to, const uint64_t *values, const uint8_t **bytes) {
  if (values[0] == 3 || values[0] == 6) { /* entry: n, kind, time, body; done: id, n, time */
    uint64_t n = values[0] == 3 ? values[1] : values[2];
    if (n != to->log + 1) load->result->misordered++;
    to->log = n;
    to->unacknowledged++;
  }
  if (values[0] == 3 && bytes[4]) delivered(load, to, bytes[4], values[4]);
  if (values[0] == 6 && bytes[1]) acknowledged(load, (uint32_t)big_endian(bytes[1] + 12, 4));
  if (values[0] == 7) {
    load->result->refused++;
    load->result->code = values[2];
  }
}

static void hear_frames(load_t *load, socket_t *to, const uint8_t *at, size_t left) {
  uint64_t values[16];
  const uint8_t *bytes[16];
  int wrong = !left || *at != 1;
  for (at++, left--; left && !wrong;) {
    size_t fields = at[0] & 15u, size = 1;
    wrong = (at[0] & 0xf0) != 0x90;
    for (size_t field = 0; field < fields && !wrong; field++) {
      size_t step = packed(at + size, left - size, &values[field], &bytes[field]);
      wrong = !step;
      size += step;
    }
    if (!wrong) hear_frame(load, to, values, bytes);
    at += size;
    left -= size;
  }
  if (wrong) load->result->damaged++;
}

static void websocket_head(buffer_t *out, uint8_t opcode, size_t size) {
  put_byte(out, 0x80 | opcode);
  put_byte(out, 0x80 | (size < 126 ? (uint8_t)size : 126));
  if (size >= 126) put_big_endian(out, size, 2);
  put_big_endian(out, 0, 4); /* a mask that changes nothing, and is applied all the same */
}

static size_t hear_websocket(load_t *load, socket_t *to, const uint8_t *at, size_t left) {
  if (left < 2) return 0;
  size_t head = at[1] < 126 ? 2 : at[1] == 126 ? 4 : 10;
  if (left < head) return 0;
  size_t size = head == 2 ? at[1] : big_endian(at + 2, (int)head - 2);
  if (left < head + size) return 0;
  if (at[0] == 0x82)
    hear_frames(load, to, at + head, size);
  else if (at[0] == 0x89) {
    websocket_head(&to->out, 10, size);
    put(&to->out, at + head, size);
  } else
    end(load, to);
  return head + size;
}

static void acknowledge_log(load_t *load, socket_t *from) {
  if (!load->setup.ack_every || from->unacknowledged < (uint32_t)load->setup.ack_every) return;
  from->unacknowledged = 0;
  websocket_head(&from->out, 2, 12);
  put(&from->out, "\x01\x92\x27\xcf", 4);
  put_big_endian(&from->out, from->log, 8);
}

/* MQTT 3.1.1. */

static size_t hear_mqtt(load_t *load, socket_t *to, const uint8_t *at, size_t left) {
  size_t size = 0, head = 1;
  for (int shift = 0;; shift += 7) {
    if (head >= left) return 0;
    size |= (size_t)(at[head] & 127) << shift;
    if (!(at[head++] & 128)) break;
  }
  if (left < head + size) return 0;
  const uint8_t *packet = at + head;
  if (at[0] >> 4 == 3) {
    size_t topic = 2 + big_endian(packet, 2);
    put(&to->out, "\x40\x02", 2);
    put(&to->out, packet + topic, 2);
    if (at[0] & 8) load->result->doubled++;
    delivered(load, to, packet + topic + 2, size - topic - 2);
  } else if (at[0] >> 4 == 4) {
    uint32_t *number = &to->packets[big_endian(packet, 2) % PACKETS];
    acknowledged(load, *number);
    *number = 0;
  } else
    end(load, to);
  return head + size;
}

/* NATS: what is published comes on subscription 1, what JetStream answers on 2. */

static size_t hear_nats(load_t *load, socket_t *to, const uint8_t *at, size_t left) {
  const uint8_t *line = memmem(at, left, "\r\n", 2);
  if (!line) return 0;
  size_t head = (size_t)(line - at) + 2;
  char text[256] = "", subject[128];
  unsigned subscription = 0;
  memcpy(text, at, head < sizeof text ? head : sizeof text - 1);
  if (!strncmp(text, "PING", 4)) {
    put(&to->out, "PONG\r\n", 6);
    return head;
  }
  const char *space = strrchr(text, ' ');
  if (sscanf(text, "MSG %127s %u", subject, &subscription) != 2 || !space) {
    end(load, to);
    return head;
  }
  size_t size = strtoul(space + 1, NULL, 10);
  if (left < head + size + 2) return 0;
  if (subscription == 1)
    delivered(load, to, at + head, size);
  else if (memmem(at + head, size, "\"error\"", 7))
    load->result->refused++;
  else
    acknowledged(load, (uint32_t)strtoul(strrchr(subject, '.') + 1, NULL, 16));
  return head + size + 2;
}

/* Text. Its sender hears a message too, and takes that for the acknowledgement; not so in IRC. */

static void hear_text(load_t *load, socket_t *to, const uint8_t *body, size_t size) {
  uint32_t number = size >= TEXT_HEAD ? head_number(load, body, 1) : 0;
  const message_t *message = &load->messages[number % MESSAGES];
  delivered(load, to, body, size);
  if (message->number == number && message->sender == to->member) acknowledged(load, number);
}

static size_t hear_irc(load_t *load, socket_t *to, const uint8_t *at, size_t left) {
  const uint8_t *line = memmem(at, left, "\r\n", 2);
  if (!line) return 0;
  size_t size = (size_t)(line - at);
  const uint8_t *said = memmem(at, size, " PRIVMSG #", 10);
  const uint8_t *body = said ? memmem(said, size - (size_t)(said - at), " :", 2) : NULL;
  if (body) hear_text(load, to, body + 2, (size_t)(line - body) - 2);
  if (size > 5 && !memcmp(at, "PING ", 5)) {
    put(&to->out, "PONG ", 5);
    put(&to->out, at + 5, size - 3);
  }
  if (size > 5 && !memcmp(at, "ERROR", 5)) end(load, to);
  return size + 2;
}

static size_t hear_xmpp(load_t *load, socket_t *to, const uint8_t *at, size_t left) {
  const uint8_t *body = memmem(at, left, "<body>", 6);
  const uint8_t *tail = body ? memmem(body, left - (size_t)(body - at), "</body>", 7) : NULL;
  if (!tail) return 0;
  hear_text(load, to, body + 6, (size_t)(tail - body) - 6);
  return (size_t)(tail - at) + 7;
}

static size_t hear_mailbox(load_t *load, socket_t *to, const uint8_t *at, size_t left) {
  if (left < 2) return 0;
  size_t head = at[1] < 126 ? 2 : 4;
  if (left < head) return 0;
  size_t size = head == 2 ? at[1] : big_endian(at + 2, 2);
  if (left < head + size) return 0;
  const uint8_t *body = memmem(at + head, size, MAGIC, sizeof MAGIC);
  const uint8_t *tail = body ? memchr(body, '"', size - (size_t)(body - at - (ssize_t)head)) : NULL;
  if (tail) hear_text(load, to, body, (size_t)(tail - body));
  if (at[0] == 0x89) {
    websocket_head(&to->out, 10, size);
    put(&to->out, at + head, size);
  } else if (at[0] != 0x81)
    end(load, to);
  return head + size;
}

static void hear(load_t *load, socket_t *to) {
  static size_t (*const dialects[])(load_t *, socket_t *, const uint8_t *, size_t) = {
      hear_websocket, hear_mqtt, hear_nats, hear_irc, hear_xmpp, hear_mailbox};
  ssize_t got = recv(to->fd, grow(&to->in, READ_SIZE), READ_SIZE, MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) return end(load, to);
  to->in.size += (size_t)got;
  size_t done = 0, step = 1;
  while (step && !to->dead) {
    step = dialects[load->setup.dialect](load, to, to->in.at + done, to->in.size - done);
    done += step;
  }
  drop(&to->in, done);
  if (load->setup.dialect == HALLWAY) acknowledge_log(load, to);
  if (to->out.size) write_out(load, to);
}

/* What is sent. */

static void put_body(load_t *load, buffer_t *out, const message_t *message) {
  char numbers[TEXT_HEAD];
  put(out, MAGIC, sizeof MAGIC);
  if (is_text(load)) {
    snprintf(numbers, sizeof numbers, "%08x%08x", message->circle, message->number);
    put(out, numbers, TEXT_HEAD - sizeof MAGIC);
  } else {
    put_big_endian(out, message->circle, 4);
    put_big_endian(out, message->number, 4);
  }
  put(out, filler(load, message->number), (size_t)load->setup.body - head_size(load));
}

static void put_append(load_t *load, socket_t *from, const message_t *message) {
  size_t body = (size_t)load->setup.body;
  websocket_head(&from->out, 2, 3 + 18 + 9 + 3 + body);
  put(&from->out, "\x01\x94\x23\xc4\x10", 5);
  put(&from->out, MAGIC, sizeof MAGIC);
  put_big_endian(&from->out, message->circle, 4);
  put_big_endian(&from->out, message->number, 4);
  put_byte(&from->out, 0xcf);
  put_big_endian(&from->out, load->setup.handshake, 8);
  put_byte(&from->out, 0xc5);
  put_big_endian(&from->out, body, 2);
  put_body(load, &from->out, message);
}

static void put_mqtt(load_t *load, socket_t *from, const message_t *message) {
  char topic[32];
  size_t length = (size_t)snprintf(topic, sizeof topic, "circle/%u", message->circle);
  size_t left = 2 + length + 2 + (size_t)load->setup.body;
  from->packet = (uint16_t)(from->packet % (PACKETS - 1) + 1);
  from->packets[from->packet] = message->number;
  put_byte(&from->out, 0x32);
  for (; left > 127; left >>= 7) put_byte(&from->out, (uint8_t)(left | 128));
  put_byte(&from->out, (uint8_t)left);
  put_big_endian(&from->out, length, 2);
  put(&from->out, topic, length);
  put_big_endian(&from->out, from->packet, 2);
  put_body(load, &from->out, message);
}

static void put_nats(load_t *load, socket_t *from, const message_t *message) {
  char line[96];
  int size = snprintf(line, sizeof line, "PUB circle.%u inbox.%u.%u.%x %d\r\n", message->circle,
                      from->circle, from->member, message->number, load->setup.body);
  put(&from->out, line, (size_t)size);
  put_body(load, &from->out, message);
  put(&from->out, "\r\n", 2);
}

static void put_around(load_t *load, buffer_t *out, const char *before, const message_t *message,
                       const char *after) {
  put(out, before, strlen(before));
  put_body(load, out, message);
  put(out, after, strlen(after));
}

static void put_irc(load_t *load, socket_t *from, const message_t *message) {
  char before[64];
  snprintf(before, sizeof before, "PRIVMSG #c%u :", message->circle);
  put_around(load, &from->out, before, message, "\r\n");
}

static void put_xmpp(load_t *load, socket_t *from, const message_t *message) {
  char before[128];
  snprintf(before, sizeof before,
           "<message to='c%u@rooms.localhost' type='groupchat' id='m%u'><body>", message->circle,
           message->number);
  put_around(load, &from->out, before, message, "</body></message>");
}

static void put_mailbox(load_t *load, socket_t *from, const message_t *message) {
  char before[64];
  snprintf(before, sizeof before, "{\"type\":\"add\",\"phase\":\"%u\",\"body\":\"",
           message->number);
  websocket_head(&from->out, 1, strlen(before) + (size_t)load->setup.body + 2);
  put_around(load, &from->out, before, message, "\"}");
}

static void publish(load_t *load, uint32_t circle, uint64_t due) {
  static void (*const dialects[])(load_t *, socket_t *, const message_t *) = {
      put_append, put_mqtt, put_nats, put_irc, put_xmpp, put_mailbox};
  uint32_t members = (uint32_t)load->setup.members;
  uint32_t sender = load->next_sender[circle]++ % members;
  message_t *message = &load->messages[++load->number % MESSAGES];
  if (message->open) load->result->lost++;
  *message = (message_t){.number = load->number,
                         .circle = circle,
                         .sender = (uint16_t)sender,
                         .missing = (uint16_t)(members - 1),
                         .measured = due >= load->measured_from && due < load->measured_to,
                         .acknowledged = load->setup.dialect == IRC,
                         .open = 1,
                         .due = due};
  socket_t *from = &load->sockets[circle * members + sender];
  load->under_way++;
  load->result->sent++;
  dialects[load->setup.dialect](load, from, message);
  write_out(load, from);
}

/* A slice. */

static void arm(load_t *load, uint64_t at) {
  struct itimerspec when = {
      .it_value = {.tv_sec = (time_t)(at / SECOND), .tv_nsec = (long)(at % SECOND)}};
  timerfd_settime(load->timer, TFD_TIMER_ABSTIME, &when, NULL);
}

static uint64_t publish_due(load_t *load, uint64_t due) {
  /* Poisson: messages at times of their own, in circles by chance, late or not. */
  while (due <= now() && due < load->measured_to) {
    publish(load, (uint32_t)(next_random(load) % (uint64_t)load->slice.circles), due);
    double chance = (double)(next_random(load) >> 11) * 0x1p-53;
    due += (uint64_t)(-log(1 - chance) / load->slice.rate * 1e9);
  }
  return due;
}

static void turn(load_t *load, uint64_t wake) {
  struct epoll_event events[256];
  arm(load, wake);
  int count = epoll_wait(load->epoll, events, 256, -1);
  for (int i = 0; i < count; i++) {
    if (events[i].data.u32 == TIMER) continue;
    socket_t *from = &load->sockets[events[i].data.u32];
    if (!from->dead && events[i].events & EPOLLOUT) write_out(load, from);
    if (!from->dead && events[i].events & ~(uint32_t)EPOLLOUT) hear(load, from);
  }
}

static void begin(load_t *load, const slice_t *slice, result_t *result) {
  memset(result, 0, sizeof *result);
  memset(load->delivering, 0, BUCKETS * sizeof *load->delivering);
  memset(load->acknowledging, 0, BUCKETS * sizeof *load->acknowledging);
  load->slice = *slice;
  load->result = result;
  load->ending = 0;
  load->measured_from = now() + (uint64_t)(slice->warm * 1e9);
  load->measured_to = load->measured_from + (uint64_t)(slice->measure * 1e9);
}

static double processor_seconds(void) {
  struct rusage used;
  getrusage(RUSAGE_THREAD, &used);
  return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
         (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

void load_run(load_t *load, const slice_t *slice, result_t *result) {
  begin(load, slice, result);
  double before = processor_seconds();
  uint64_t due = now(), given_up = load->measured_to + (uint64_t)(slice->drain * 1e9);
  for (int32_t message = 0; message < slice->circles * slice->window; message++)
    publish(load, (uint32_t)(message % slice->circles), now());
  for (uint64_t at = now(); at < given_up; at = now()) {
    load->ending = at >= load->measured_to;
    if (load->ending && !load->under_way) break;
    uint64_t wake = load->ending ? given_up : load->measured_to;
    if (!slice->window && !load->ending) due = publish_due(load, due);
    turn(load, !slice->window && !load->ending && due < wake ? due : wake);
  }
  result->processor = processor_seconds() - before;
  result->lost += load->under_way;
  load->under_way = 0;
  for (uint32_t place = 0; place < MESSAGES; place++) load->messages[place].open = 0;
  result->deliver_p50 = milliseconds(load->delivering, .5);
  result->deliver_p99 = milliseconds(load->delivering, .99);
  result->ack_p50 = milliseconds(load->acknowledging, .5);
  result->ack_p99 = milliseconds(load->acknowledging, .99);
}

load_t *load_open(const setup_t *setup, const int32_t *fds) {
  int32_t count = setup->circles * setup->members;
  load_t *load = calloc(1, sizeof *load);
  load->setup = *setup;
  load->random = 88172645463325252ull;
  load->sockets = calloc((size_t)count, sizeof *load->sockets);
  load->next_sender = calloc((size_t)setup->circles, sizeof *load->next_sender);
  load->messages = calloc(MESSAGES, sizeof *load->messages);
  load->delivering = calloc(BUCKETS, sizeof *load->delivering);
  load->acknowledging = calloc(BUCKETS, sizeof *load->acknowledging);
  load->pool = malloc(POOL);
  for (uint32_t place = 0; place < POOL; place++) {
    uint64_t random = next_random(load);
    load->pool[place] = is_text(load) ? (uint8_t)('a' + random % 26) : (uint8_t)random;
  }
  load->epoll = epoll_create1(EPOLL_CLOEXEC);
  load->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
  struct epoll_event event = {.events = EPOLLIN, .data.u32 = TIMER};
  epoll_ctl(load->epoll, EPOLL_CTL_ADD, load->timer, &event);
  for (int32_t i = 0; i < count; i++) {
    socket_t *each = &load->sockets[i];
    each->fd = fds[i];
    each->circle = (uint32_t)(i / setup->members);
    each->member = (uint32_t)(i % setup->members);
    each->log = setup->log;
    event.data.u32 = (uint32_t)i;
    epoll_ctl(load->epoll, EPOLL_CTL_ADD, each->fd, &event);
  }
  return load;
}

void load_close(load_t *load) {
  for (int32_t i = 0; i < load->setup.circles * load->setup.members; i++) {
    free(load->sockets[i].in.at);
    free(load->sockets[i].out.at);
  }
  close(load->epoll);
  close(load->timer);
  free(load->sockets);
  free(load->next_sender);
  free(load->messages);
  free(load->delivering);
  free(load->acknowledging);
  free(load->pool);
  free(load);
}
