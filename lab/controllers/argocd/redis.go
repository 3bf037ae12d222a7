package main

import (
	"bufio"
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// runRedis plays Redis as far as Argo CD's programs here use it: a password, PING, GET, SET and DEL. Nothing is kept on a disk.
// https://redis.io/docs/latest/develop/reference/protocol-spec/
func runRedis(ctx context.Context, arguments []string) error {
	password, err := redisPassword(arguments)
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", ":6379")
	if err != nil {
		return err
	}
	return (&redisServer{password: password, values: map[string]string{}}).serve(ctx, listener)
}

// redisPassword reads arguments as Redis does, which takes them for lines of its configuration that begin with "--".
func redisPassword(arguments []string) (password string, err error) {
	for _, line := range strings.Split(" "+strings.Join(arguments, " "), " --")[1:] {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch {
		case name == "save" && strings.Trim(value, `" `) == "", name == "appendonly" && value == "no":
		case name == "requirepass":
			password = value
		default:
			return "", fmt.Errorf("--%s %s: the lab's Redis keeps nothing and knows a password only", name, value)
		}
	}
	return password, nil
}

type redisServer struct {
	password string
	mu       sync.Mutex
	values   map[string]string
}

func (s *redisServer) serve(ctx context.Context, listener net.Listener) error {
	stop := context.AfterFunc(ctx, func() { _ = listener.Close() })
	defer stop()
	for {
		connection, err := listener.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		go s.talk(connection)
	}
}

func (s *redisServer) talk(connection net.Conn) {
	defer connection.Close()
	reader, known := bufio.NewReader(connection), s.password == ""
	for {
		words, err := readCommand(reader)
		if err != nil {
			return
		}
		answer := "-NOAUTH Authentication required.\r\n"
		switch name := strings.ToUpper(words[0]); {
		case name == "AUTH":
			known = subtle.ConstantTimeCompare([]byte(words[len(words)-1]), []byte(s.password)) == 1
			answer = "-WRONGPASS invalid username-password pair or user is disabled.\r\n"
			if known {
				answer = "+OK\r\n"
			}
		case known:
			answer = s.answer(name, words[1:])
		}
		if _, err := io.WriteString(connection, answer); err != nil {
			return
		}
	}
}

func (s *redisServer) answer(name string, words []string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case name == "PING":
		return "+PONG\r\n"
	case name == "GET" && len(words) == 1:
		value, ok := s.values[words[0]]
		if !ok {
			return "$-1\r\n"
		}
		return bulk(value)
	case name == "SET" && len(words) == 2:
		s.values[words[0]] = words[1]
		return "+OK\r\n"
	case name == "DEL" && len(words) == 1:
		delete(s.values, words[0])
		return ":1\r\n"
	}
	return "-ERR the lab's Redis does not know '" + name + "' so\r\n"
}

func bulk(text string) string { return fmt.Sprintf("$%d\r\n%s\r\n", len(text), text) }

// readCommand reads an array of bulk strings.
func readCommand(reader *bufio.Reader) ([]string, error) {
	count, err := length(reader, '*')
	if err != nil || count < 1 || count > 100 {
		return nil, errors.Join(errors.New("not a command"), err)
	}
	words := make([]string, count)
	for i := range words {
		if words[i], err = readBulk(reader); err != nil {
			return nil, err
		}
	}
	return words, nil
}

func readBulk(reader *bufio.Reader) (string, error) {
	size, err := length(reader, '$')
	if err != nil || size < 0 || size > 64<<20 {
		return "", errors.Join(errors.New("not a string"), err)
	}
	content := make([]byte, size+2)
	if _, err := io.ReadFull(reader, content); err != nil {
		return "", err
	}
	return string(content[:size]), nil
}

func length(reader *bufio.Reader, kind byte) (int, error) {
	line, err := reader.ReadString('\n')
	if err != nil {
		return 0, err
	}
	if line[0] != kind {
		return 0, fmt.Errorf("%q in place of %q", strings.TrimSpace(line), kind)
	}
	return strconv.Atoi(strings.TrimSpace(line[1:]))
}

// redis is where Argo CD keeps what it has computed.
type redis struct{ address, password string }

// redisOfPod is the one that the chart's variables name.
func redisOfPod() (redis, error) {
	address, err := required("REDIS_SERVER")
	if err != nil {
		return redis{}, err
	}
	return redis{address, os.Getenv("REDIS_PASSWORD")}, nil
}

// errMiss is that there is no such key.
var errMiss = errors.New("cache: key is missing")

func (r redis) get(ctx context.Context, key string) (string, error) { return r.do(ctx, "GET", key) }

func (r redis) set(ctx context.Context, key, value string) error {
	_, err := r.do(ctx, "SET", key, value)
	return err
}

func (r redis) ping(ctx context.Context) error {
	_, err := r.do(ctx, "PING")
	return err
}

// do sends one command on a connection of its own.
func (r redis) do(ctx context.Context, words ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", r.address)
	if err != nil {
		return "", fmt.Errorf("redis: %w", err)
	}
	defer connection.Close()
	deadline, _ := ctx.Deadline()
	if err := connection.SetDeadline(deadline); err != nil {
		return "", err
	}
	reader := bufio.NewReader(connection)
	if r.password != "" {
		if _, err := ask(connection, reader, "AUTH", r.password); err != nil {
			return "", err
		}
	}
	return ask(connection, reader, words...)
}

func ask(connection io.Writer, reader *bufio.Reader, words ...string) (string, error) {
	command := fmt.Sprintf("*%d\r\n", len(words))
	for _, word := range words {
		command += bulk(word)
	}
	if _, err := io.WriteString(connection, command); err != nil {
		return "", fmt.Errorf("redis: %w", err)
	}
	return readAnswer(reader)
}

func readAnswer(reader *bufio.Reader) (string, error) {
	first, err := reader.Peek(1)
	if err != nil {
		return "", fmt.Errorf("redis: %w", err)
	}
	if first[0] == '$' {
		if start, err := reader.Peek(3); err == nil && string(start) == "$-1" {
			return "", errMiss
		}
		return readBulk(reader)
	}
	line, err := reader.ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("redis: %w", err)
	}
	if first[0] == '-' {
		return "", fmt.Errorf("redis: %s", strings.TrimSpace(line[1:]))
	}
	return strings.TrimSpace(line[1:]), nil
}
