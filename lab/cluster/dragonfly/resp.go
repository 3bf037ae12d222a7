package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// patience is how long the operator waits for an answer (dragonfly_instance.go, getRedisClient).
const patience = 10 * time.Second

// ask says one command to a server and gives its answer; an answer that is an error is one
// (https://redis.io/docs/latest/develop/reference/protocol-spec/).
func ask(ctx context.Context, address string, words ...string) (string, error) {
	dialer := net.Dialer{Timeout: patience}
	connection, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return "", err
	}
	defer connection.Close()
	return talk(connection, words...)
}

func talk(connection net.Conn, words ...string) (string, error) {
	if err := connection.SetDeadline(time.Now().Add(patience)); err != nil {
		return "", err
	}
	if _, err := io.WriteString(connection, encode(words)); err != nil {
		return "", err
	}
	answer, err := reply(bufio.NewReader(connection))
	return answer, errors.Join(err, connection.SetDeadline(time.Time{}))
}

func encode(words []string) string {
	var text strings.Builder
	fmt.Fprintf(&text, "*%d\r\n", len(words))
	for _, word := range words {
		fmt.Fprintf(&text, "$%d\r\n%s\r\n", len(word), word)
	}
	return text.String()
}

// reply reads an answer of one value.
func reply(reader *bufio.Reader) (string, error) {
	line, err := reader.ReadString('\n')
	if err != nil {
		return "", err
	}
	line = strings.TrimRight(line, "\r\n")
	if line == "" {
		return "", errors.New("an empty answer")
	}
	switch kind, rest := line[0], line[1:]; kind {
	case '+', ':':
		return rest, nil
	case '-':
		return "", errors.New(rest)
	case '$':
		length, err := strconv.Atoi(rest)
		if err != nil || length < 0 {
			return "", err
		}
		content := make([]byte, length+2)
		_, err = io.ReadFull(reader, content)
		return string(content[:length]), err
	}
	return "", fmt.Errorf("an answer of more than one value: %s", line)
}

// command reads a command, as it was sent and by its words.
func command(reader *bufio.Reader) (raw []byte, words []string, err error) {
	line, err := reader.ReadBytes('\n')
	if err != nil {
		return nil, nil, err
	}
	raw = line
	text := strings.TrimRight(string(line), "\r\n")
	if !strings.HasPrefix(text, "*") {
		return raw, strings.Fields(text), nil
	}
	count, err := strconv.Atoi(text[1:])
	if err != nil {
		return nil, nil, err
	}
	for range count {
		header, err := reader.ReadBytes('\n')
		if err != nil {
			return nil, nil, err
		}
		length, err := strconv.Atoi(strings.TrimRight(strings.TrimPrefix(string(header), "$"), "\r\n"))
		if err != nil || length < 0 {
			return nil, nil, fmt.Errorf("a word of %q bytes", header)
		}
		content := make([]byte, length+2)
		if _, err := io.ReadFull(reader, content); err != nil {
			return nil, nil, err
		}
		raw = append(append(raw, header...), content...)
		words = append(words, string(content[:length]))
	}
	return raw, words, nil
}

// fields reads an answer to INFO.
func fields(info string) map[string]string {
	all := map[string]string{}
	for line := range strings.Lines(info) {
		if key, value, ok := strings.Cut(strings.TrimRight(line, "\r\n"), ":"); ok {
			all[key] = value
		}
	}
	return all
}
