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

// dial connects and logs in. Every failure, also a wrong host key or a refused user key, is retried up to
// dialErrorLimit times, with pauses that grow from 0.1 s to 5 s; each failed try is shown in the status line.
func (c *connection) dial(ctx context.Context, call provider.Call) (*ssh.Client, error) {
	config, err := c.config()
	if err != nil {
		return nil, err
	}
	address := net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port)))
	var last error
	ok, client, err := retry.Until(ctx, retry.Acceptor{
		Accept: func(tries int, _ time.Duration) (bool, any, error) {
			client, err := ssh.Dial("tcp", address, config)
			if err == nil {
				return true, client, nil
			}
			last = err
			dials := tries + 1
			if c.DialErrorLimit > unlimited && dials > c.DialErrorLimit {
				return true, nil, fmt.Errorf("after %d failed attempts: %w", tries, err)
			}
			shown := "inf"
			if c.DialErrorLimit != unlimited {
				shown = strconv.Itoa(c.DialErrorLimit)
			}
			provider.LogStatus(ctx, call, diag.Info,
				fmt.Sprintf("Dial %d/%s failed: retrying", dials, shown))
			return false, nil, nil
		},
	})
	switch {
	case err != nil:
		return nil, err
	case !ok:
		// Only a cancellation ends the loop without a result.
		return nil, fmt.Errorf("%w while dialling; the last try said: %v", context.Cause(ctx), last)
	}
	return client.(*ssh.Client), nil
}

// agentMethod authenticates with the keys of an SSH agent.
func agentMethod(socket string) (ssh.AuthMethod, error) {
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return nil, err
	}
	return ssh.PublicKeysCallback(agent.NewClient(conn).Signers), nil
}
