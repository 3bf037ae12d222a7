package command

import (
	"fmt"
	"strings"
)

// options walks over arguments as getopt_long does: `--name=value`, `--name value`, `-nvalue`, grouped short ones.
type options struct {
	args []string
	// name is the option, or empty for a plain argument, which is then in value.
	name, value string
	hasValue    bool
	err         error
	// grouped is what is left of a cluster such as -xeu.
	grouped string
	plain   bool
}

func newOptions(args []string) *options { return &options{args: args} }

func (o *options) next() bool {
	o.name, o.value, o.hasValue = "", "", false
	if o.grouped != "" {
		o.name, o.grouped = "-"+o.grouped[:1], o.grouped[1:]
		return true
	}
	if len(o.args) == 0 {
		return false
	}
	head := o.args[0]
	o.args = o.args[1:]
	switch {
	case o.plain || head == "-" || !strings.HasPrefix(head, "-"):
		o.value = head
	case head == "--":
		o.plain = true
		return o.next()
	case strings.HasPrefix(head, "--"):
		o.name, o.value, o.hasValue = strings.Cut(head, "=")
	default:
		o.name, o.grouped = head[:2], head[2:]
	}
	return true
}

// argument gives the current option's argument; err says when there is none.
func (o *options) argument() string {
	switch {
	case o.hasValue:
		return o.value
	case o.grouped != "":
		value := o.grouped
		o.grouped = ""
		return value
	case len(o.args) > 0:
		value := o.args[0]
		o.args = o.args[1:]
		return value
	}
	o.err = fmt.Errorf("option '%s' needs an argument", o.name)
	return ""
}
