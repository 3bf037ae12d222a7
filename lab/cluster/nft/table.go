// Package nft writes tables of the kernel's packet filter. A table is replaced as a whole: its next generation is
// built beside it, takes effect at once when it is complete, and only then the one before goes.
package nft

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"github.com/mdlayher/netlink"
)

const (
	// most is how many messages are sent to the kernel at once: their answers must fit into a socket's buffer.
	most = 100
	// separator stands between a table's name and its generation.
	separator = "."
)

// Owner keeps one table.
type Owner struct {
	name       string
	generation int
}

// NewOwner goes on with what an earlier run has left of the table.
func NewOwner(name string) (*Owner, error) {
	o := &Owner{name: name}
	left, err := o.generations()
	for _, table := range left {
		generation, _ := strconv.Atoi(strings.TrimPrefix(table.Name, name+separator)) // generations has only such.
		o.generation = max(o.generation, generation)
	}
	return o, err
}

// generations are the tables with the name.
func (o *Owner) generations() (found []*nftables.Table, err error) {
	connection, err := nftables.New()
	if err != nil {
		return nil, fmt.Errorf("nftables: %w", err)
	}
	tables, err := connection.ListTablesOfFamily(nftables.TableFamilyIPv4)
	if err != nil {
		return nil, fmt.Errorf("nftables: %w", err)
	}
	for _, table := range tables {
		if generation, ours := strings.CutPrefix(table.Name, o.name+separator); ours {
			if _, err := strconv.Atoi(generation); err == nil {
				found = append(found, table)
			}
		}
	}
	return found, nil
}

// Remove takes the table away.
func (o *Owner) Remove() error { return o.removeBut("") }

func (o *Owner) removeBut(kept string) error {
	tables, err := o.generations()
	if err != nil {
		return err
	}
	connection, err := nftables.New()
	if err != nil {
		return fmt.Errorf("nftables: %w", err)
	}
	for _, table := range tables {
		if table.Name != kept {
			connection.DelTable(table)
		}
	}
	if err := connection.Flush(); err != nil {
		return fmt.Errorf("cannot remove tables %s: %w", o.name, err)
	}
	return nil
}

// Replace puts what write writes into the table's place. When that fails, the one before stays.
func (o *Owner) Replace(write func(*Table)) error {
	connection, err := nftables.New(nftables.WithSockOptions(func(socket *netlink.Conn) error {
		return errors.Join(socket.SetReadBuffer(1<<20), socket.SetWriteBuffer(1<<20))
	}))
	if err != nil {
		return fmt.Errorf("nftables: %w", err)
	}
	o.generation++
	table := &Table{connection: connection, table: connection.AddTable(&nftables.Table{
		Name: fmt.Sprint(o.name, separator, o.generation), Family: nftables.TableFamilyIPv4,
	})}
	write(table)
	table.send()
	for _, hook := range table.hooks {
		hook()
	}
	table.send()
	if table.failed != nil {
		return errors.Join(fmt.Errorf("cannot write table %s; the kernel must have nf_tables with NAT, fib and numgen: %w",
			o.name, table.failed), o.drop(table))
	}
	return o.removeBut(table.table.Name)
}

func (o *Owner) drop(table *Table) error {
	table.connection.DelTable(table.table)
	return table.connection.Flush()
}

// Table is a table that is being written.
type Table struct {
	connection *nftables.Conn
	table      *nftables.Table
	hooks      []func()
	pending    int
	failed     error
}

// Chain adds a chain that others jump to.
func (t *Table) Chain(name string) *nftables.Chain {
	t.pending++
	return t.connection.AddChain(&nftables.Chain{Name: name, Table: t.table})
}

// Rule adds a rule to a chain of Chain: the conditions, and what becomes of the packets that meet all of them.
func (t *Table) Rule(chain *nftables.Chain, parts ...[]expr.Any) {
	var whole []expr.Any
	for _, part := range parts {
		whole = append(whole, part...)
	}
	t.connection.AddRule(&nftables.Rule{Table: t.table, Chain: chain, Exprs: whole})
	t.pending++
	if t.pending >= most {
		t.send()
	}
}

// Hook makes the kernel ask a chain of its own, with these rules, once the rest of the table is written.
func (t *Table) Hook(hook *nftables.ChainHook, kind nftables.ChainType, priority *nftables.ChainPriority, rules ...[]expr.Any) {
	t.hooks = append(t.hooks, func() {
		chain := t.connection.AddChain(&nftables.Chain{
			Name: fmt.Sprint("hook-", kind, "-", *hook, "-", *priority), Table: t.table, Type: kind, Hooknum: hook, Priority: priority,
		})
		for _, rule := range rules {
			t.connection.AddRule(&nftables.Rule{Table: t.table, Chain: chain, Exprs: rule})
		}
	})
}

func (t *Table) send() {
	if err := t.connection.Flush(); err != nil && t.failed == nil {
		t.failed = err
	}
	t.pending = 0
}
