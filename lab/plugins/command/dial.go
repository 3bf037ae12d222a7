package command

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/retry"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"homelab/lab/plugins/provider"
)

// dial connects and logs in, through the proxy if there is one. Every failure, also a wrong host key or
// a refused user key, is retried up to dialErrorLimit times, with pauses that grow from 0.1 s to 5 s.
func (c *connection) dial(ctx context.Context, call provider.Call) (*ssh.Client, error) {
	config, err := c.config()
	if err != nil {
		return nil, err
	}
	if c.Proxy == nil {
		return retried(ctx, call, "Dial", c.DialErrorLimit, func() (*ssh.Client, error) {
			return ssh.Dial("tcp", c.address(), config)
		})
	}
	client, err := c.dialThroughProxy(ctx, call, config)
	if err != nil {
		return nil, fmt.Errorf("proxy: %w", err)
	}
	return client, nil
}

func (c *connection) dialThroughProxy(
	ctx context.Context, call provider.Call, config *ssh.ClientConfig,
) (*ssh.Client, error) {
	proxyConfig, err := c.Proxy.config()
	if err != nil {
		return nil, err
	}
	proxy, err := retried(ctx, call, "Dial proxy", c.Proxy.DialErrorLimit,
		func() (*ssh.Client, error) { return ssh.Dial("tcp", c.Proxy.address(), proxyConfig) })
	if err != nil {
		return nil, err
	}
	conn, err := retried(ctx, call, "Dial from proxy", c.DialErrorLimit,
		func() (net.Conn, error) { return proxy.Dial("tcp", c.address()) })
	if err != nil {
		return nil, err
	}
	return retried(ctx, call, "Dial", c.DialErrorLimit, func() (*ssh.Client, error) {
		inner, channels, requests, err := ssh.NewClientConn(conn, c.address(), config)
		if err != nil {
			return nil, err
		}
		return ssh.NewClient(inner, channels, requests), nil
	})
}

func (e *endpoint) address() string {
	return net.JoinHostPort(e.Host, strconv.Itoa(int(e.Port)))
}

// retried repeats until success, the limit, or cancellation; each failed try is shown in the status line.
func retried[T any](
	ctx context.Context, call provider.Call, what string, limit int, try func() (T, error),
) (T, error) {
	var none T
	var last error
	ok, result, err := retry.Until(ctx, retry.Acceptor{
		Accept: func(tries int, _ time.Duration) (bool, any, error) {
			made, err := try()
			if err == nil {
				return true, made, nil
			}
			last = err
			dials := tries + 1
			if limit > unlimited && dials > limit {
				return true, nil, fmt.Errorf("after %d failed attempts: %w", tries, err)
			}
			shown := "inf"
			if limit != unlimited {
				shown = strconv.Itoa(limit)
			}
			provider.LogStatus(ctx, call, diag.Info,
				fmt.Sprintf("%s %d/%s failed: retrying", what, dials, shown))
			return false, nil, nil
		},
	})
	switch {
	case err != nil:
		return none, err
	case !ok:
		// Only a cancellation ends the loop without a result.
		return none, fmt.Errorf("%w while dialling; the last try said: %v", context.Cause(ctx), last)
	}
	return result.(T), nil
}

// agentMethod authenticates with the keys of an SSH agent.
func agentMethod(socket string) (ssh.AuthMethod, error) {
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return nil, err
	}
	return ssh.PublicKeysCallback(agent.NewClient(conn).Signers), nil
}
