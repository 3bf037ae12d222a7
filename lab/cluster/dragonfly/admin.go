package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"time"
)

// login opens a connection to the own redis-server that may do everything.
func (s *server) login(ctx context.Context) (net.Conn, error) {
	var dialer net.Dialer
	connection, err := dialer.DialContext(ctx, "tcp", client)
	if err != nil || s.password == "" {
		return connection, err
	}
	if _, err := talk(connection, "AUTH", s.password); err != nil {
		return nil, errors.Join(err, connection.Close())
	}
	return connection, nil
}

// listen opens the port of administration once Redis has loaded. Redis has no port without a password: it is the same server,
// with the login already made.
func (s *server) listen(ctx context.Context) (net.Listener, error) {
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		answer, err := s.ask(ctx, "PING")
		if err == nil && answer == "PONG" {
			break
		}
		if time.Now().After(end) || ctx.Err() != nil {
			return nil, fmt.Errorf("redis-server does not answer: %w", errors.Join(err, ctx.Err()))
		}
	}
	listener, err := net.Listen("tcp", ":"+s.admin)
	if err != nil {
		return nil, err
	}
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer connection.Close()
				if err := s.administer(ctx, connection); err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) {
					slog.Debug("a connection of the administration ended", "error", err)
				}
			}()
		}
	}()
	return listener, nil
}

// administer passes commands on, but for those that Dragonfly has otherwise or alone.
func (s *server) administer(ctx context.Context, connection net.Conn) error {
	behind, err := s.login(ctx)
	if err != nil {
		return err
	}
	defer behind.Close()
	go func() {
		// Whichever side ends first ends both.
		_, _ = io.Copy(connection, behind)
		_ = connection.Close()
	}()
	reader := bufio.NewReader(connection)
	for {
		raw, words, err := command(reader)
		if err != nil {
			return err
		}
		own := s.own(words)
		if own == nil {
			if _, err := behind.Write(raw); err != nil {
				return err
			}
			continue
		}
		said := "+OK\r\n"
		if err := own(ctx); err != nil {
			said = "-ERR " + strings.ReplaceAll(err.Error(), "\n", "; ") + "\r\n"
		}
		if _, err := io.WriteString(connection, said); err != nil {
			return err
		}
	}
}

func (s *server) own(words []string) func(context.Context) error {
	if len(words) == 0 {
		return nil
	}
	switch strings.ToUpper(words[0]) {
	case "SAVE", "BGSAVE":
		return s.save
	case "REPLTAKEOVER":
		return s.takeOver
	}
	return nil
}

// takeOver makes a replica the master once it has all that its master has, which then ends
// (https://www.dragonflydb.io/docs/command-reference/server-management/repltakeover).
func (s *server) takeOver(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		own, err := s.info(ctx)
		if err != nil {
			return err
		}
		if own["role"] == "master" || own["master_link_status"] != "up" {
			return errors.New("not a replica that is in touch with its master")
		}
		master := net.JoinHostPort(own["master_host"], own["master_port"])
		told, err := ask(ctx, master, "INFO", "replication")
		if err != nil {
			return err
		}
		behind, err := strconv.ParseInt(own["slave_repl_offset"], 10, 64)
		if err != nil {
			return err
		}
		ahead, err := strconv.ParseInt(fields(told)["master_repl_offset"], 10, 64)
		if err != nil {
			return err
		}
		if behind < ahead {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(50 * time.Millisecond):
			}
			continue
		}
		if _, err := s.ask(ctx, "REPLICAOF", "NO", "ONE"); err != nil {
			return err
		}
		// It ends with the connection, and answers nothing.
		if _, err := ask(ctx, master, "SHUTDOWN", "NOSAVE"); err != nil && !errors.Is(err, io.EOF) {
			slog.Info("the old master does not end", "error", err)
		}
		return nil
	}
}

func (s *server) info(ctx context.Context) (map[string]string, error) {
	told, err := s.ask(ctx, "INFO", "replication")
	return fields(told), err
}
