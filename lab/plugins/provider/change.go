package provider

import (
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/structpb"
)

// comparison is what Diff and Update requests have in common.
type comparison interface {
	GetUrn() string
	GetId() string
	GetOlds() *structpb.Struct
	GetOldInputs() *structpb.Struct
	GetNews() *structpb.Struct
}

var (
	_ comparison = (*pulumirpc.DiffRequest)(nil)
	_ comparison = (*pulumirpc.UpdateRequest)(nil)
)

func (s *server) change(req comparison) (Resource, Change, error) {
	behaviour, call, err := s.resource(req.GetUrn())
	if err != nil {
		return nil, Change{}, err
	}
	call.ID = req.GetId()
	change := Change{Call: call}
	for _, part := range []struct {
		label string
		from  *structpb.Struct
		into  *Map
	}{
		{"state", req.GetOlds(), &change.State},
		{"old inputs", req.GetOldInputs(), &change.OldInputs},
		{"inputs", req.GetNews(), &change.News},
	} {
		if *part.into, err = unmarshal(call.Name+" "+part.label, part.from); err != nil {
			return nil, Change{}, err
		}
	}
	return behaviour, change, nil
}
