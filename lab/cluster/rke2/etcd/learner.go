package etcd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

const (
	learnerPoll = 500 * time.Millisecond
	// RKE2 tests its member again after this time; here it is the pause between two lines of the log.
	testPause = 5 * time.Second
	// RKE2 removes a learner that makes no progress for this long, so that others can join.
	learnerStall = 5 * time.Minute
)

// WaitVoting returns once this node's member answers as a voter with a leader, and the cluster knows it by its name
// and peer address. A server whose address has changed never is: RKE2 goes on testing every 5 s and its unit stays
// `activating` (Test in k3s's pkg/etcd/etcd.go, testClusterDB in its pkg/cluster/managed.go).
func (m *Member) WaitVoting(ctx context.Context) error {
	client, err := m.Client()
	if err != nil {
		return err
	}
	defer client.Close()
	told := time.Time{}
	for {
		err := m.test(ctx, client)
		if err == nil {
			return nil
		}
		if (errors.Is(err, errLearner) || errors.As(err, new(strangerError))) && time.Since(told) >= testPause {
			told = time.Now()
			m.Log.Info("Failed to test etcd connection: " + err.Error())
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

var errLearner = errors.New("this server has not yet been promoted from learner to voting member")

// strangerError is a cluster that does not know this member by its name and address.
type strangerError string

func (e strangerError) Error() string { return string(e) }

// test says why this member is none that votes.
func (m *Member) test(ctx context.Context, client *clientv3.Client) error {
	call, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	status, err := client.Status(call, client.Endpoints()[0])
	switch {
	case err != nil:
		return err
	case status.IsLearner:
		return errLearner
	case status.Leader == 0:
		return errors.New("etcd has no leader")
	}
	list, err := client.MemberList(call)
	if err != nil {
		return err
	}
	return m.listedAmong(list.Members)
}

// listedAmong is nil when one of the members has this one's name and peer address.
func (m *Member) listedAmong(members []*etcdserverpb.Member) error {
	name, err := m.Name()
	if err != nil {
		return err
	}
	var found []string
	for _, member := range members {
		if member.Name == name && slices.Contains(member.PeerURLs, m.PeerURL()) {
			return nil
		}
		if len(member.PeerURLs) > 0 {
			found = append(found, member.Name+"="+member.PeerURLs[0])
		}
	}
	return strangerError(fmt.Sprintf(
		"this server is a not a member of the etcd cluster. Found %v, expect: %s=%s", found, name, m.NodeIP))
}

// ManageLearners promotes learners that are in sync while this member leads etcd, and removes
// those that stall. It runs until ctx ends.
func (m *Member) ManageLearners(ctx context.Context) {
	client, err := m.Client()
	if err != nil {
		m.Log.Error("etcd: cannot manage learners: " + err.Error())
		return
	}
	defer client.Close()
	since := map[uint64]time.Time{}
	said := ""
	for ticker := time.NewTicker(learnerPoll); ; {
		select {
		case <-ctx.Done():
			ticker.Stop()
			return
		case <-ticker.C:
		}
		if err := m.promote(ctx, client, since); err != nil && ctx.Err() == nil && said != err.Error() {
			said = err.Error()
			m.Log.Warn("etcd: learners: " + said)
		}
	}
}

func (m *Member) promote(ctx context.Context, client *clientv3.Client, since map[uint64]time.Time) error {
	call, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	status, err := client.Status(call, client.Endpoints()[0])
	if err != nil || status.Leader != status.Header.MemberId {
		return err
	}
	list, err := client.MemberList(call)
	if err != nil {
		return err
	}
	learners := map[uint64]bool{}
	for _, member := range list.Members {
		if !member.IsLearner {
			continue
		}
		learners[member.ID] = true
		if err := m.promoteOne(call, client, member, since); err != nil {
			return err
		}
	}
	for id := range since {
		if !learners[id] {
			delete(since, id)
		}
	}
	return nil
}

func (m *Member) promoteOne(
	ctx context.Context, client *clientv3.Client, member *etcdserverpb.Member, since map[uint64]time.Time,
) error {
	_, err := client.MemberPromote(ctx, member.ID)
	if err == nil {
		m.Log.Info(fmt.Sprintf("Promoted learner %s", member.Name))
		return nil
	}
	if !errors.Is(err, rpctypes.ErrMemberLearnerNotReady) {
		return err
	}
	if since[member.ID].IsZero() {
		since[member.ID] = time.Now()
	}
	if time.Since(since[member.ID]) < learnerStall {
		return nil
	}
	m.Log.Warn(fmt.Sprintf("Removing learner %s: no progress for %s", member.PeerURLs, learnerStall))
	_, err = client.MemberRemove(ctx, member.ID)
	return err
}

// RemoveNode removes the members of a node that was deleted from the cluster.
func (m *Member) RemoveNode(ctx context.Context, node, address string) error {
	client, err := m.Client()
	if err != nil {
		return err
	}
	defer client.Close()
	call, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	list, err := client.MemberList(call)
	if err != nil {
		return err
	}
	for _, member := range list.Members {
		unstarted := member.Name == "" && len(member.PeerURLs) > 0 &&
			member.PeerURLs[0] == (&Member{NodeIP: address}).PeerURL()
		if nodeOf(member.Name) != node && !unstarted {
			continue
		}
		m.Log.Info(fmt.Sprintf("Removing name=%s id=%d address=%s from etcd", member.Name, member.ID, address))
		if _, err := client.MemberRemove(call, member.ID); err != nil {
			return err
		}
	}
	return nil
}
