package provider

import (
	"context"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"
)

func (s *server) Check(
	ctx context.Context, req *pulumirpc.CheckRequest,
) (*pulumirpc.CheckResponse, error) {
	behaviour, call, err := s.resource(req.GetUrn())
	if err != nil {
		return nil, err
	}
	olds, err := unmarshal(call.Name+" old inputs", req.GetOlds())
	if err != nil {
		return nil, err
	}
	news, err := unmarshal(call.Name+" inputs", req.GetNews())
	if err != nil {
		return nil, err
	}
	ctx, done := s.context(ctx)
	defer done()
	checked, refused, err := behaviour.Check(ctx,
		Check{Call: call, Olds: olds, News: news, RandomSeed: req.GetRandomSeed()})
	if err != nil {
		return nil, err
	}
	inputs, err := marshal(call.Name+" inputs", checked)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.CheckResponse{Inputs: inputs, Failures: failures(refused)}, nil
}

func (s *server) Diff(
	ctx context.Context, req *pulumirpc.DiffRequest,
) (*pulumirpc.DiffResponse, error) {
	behaviour, change, err := s.change(req)
	if err != nil {
		return nil, err
	}
	change.IgnoreChanges = req.GetIgnoreChanges()
	ctx, done := s.context(ctx)
	defer done()
	diff, err := behaviour.Diff(ctx, change)
	if err != nil {
		return nil, err
	}
	return diff.response(), nil
}

func (s *server) Create(
	ctx context.Context, req *pulumirpc.CreateRequest,
) (*pulumirpc.CreateResponse, error) {
	behaviour, call, err := s.resource(req.GetUrn())
	if err != nil {
		return nil, err
	}
	inputs, err := unmarshal(call.Name+" inputs", req.GetProperties())
	if err != nil {
		return nil, err
	}
	id, state := "", Map(nil)
	if req.GetPreview() {
		state = behaviour.Preview(inputs)
	} else {
		ctx, done := s.context(ctx)
		defer done()
		if id, state, err = behaviour.Create(ctx, call, inputs); err != nil {
			return nil, partial(err, inputs)
		}
	}
	properties, err := marshal(call.Name+" state", state)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.CreateResponse{Id: id, Properties: properties}, nil
}

func (s *server) Read(
	ctx context.Context, req *pulumirpc.ReadRequest,
) (*pulumirpc.ReadResponse, error) {
	behaviour, call, err := s.resource(req.GetUrn())
	if err != nil {
		return nil, err
	}
	call.ID = req.GetId()
	state, err := unmarshal(call.Name+" state", req.GetProperties())
	if err != nil {
		return nil, err
	}
	inputs, err := unmarshal(call.Name+" inputs", req.GetInputs())
	if err != nil {
		return nil, err
	}
	ctx, done := s.context(ctx)
	defer done()
	newState, newInputs, found, err := behaviour.Read(ctx, Read{Call: call, Inputs: inputs, State: state})
	if err != nil {
		return nil, err
	}
	if !found {
		return &pulumirpc.ReadResponse{}, nil
	}
	answer := &pulumirpc.ReadResponse{Id: call.ID}
	if answer.Properties, err = marshal(call.Name+" state", newState); err != nil {
		return nil, err
	}
	if answer.Inputs, err = marshal(call.Name+" inputs", newInputs); err != nil {
		return nil, err
	}
	return answer, nil
}

func (s *server) Update(
	ctx context.Context, req *pulumirpc.UpdateRequest,
) (*pulumirpc.UpdateResponse, error) {
	behaviour, change, err := s.change(req)
	if err != nil {
		return nil, err
	}
	change.IgnoreChanges = req.GetIgnoreChanges()
	var state Map
	if req.GetPreview() {
		state = behaviour.PreviewUpdate(change)
	} else {
		ctx, done := s.context(ctx)
		defer done()
		if state, err = behaviour.Update(ctx, change); err != nil {
			return nil, partial(err, change.News)
		}
	}
	properties, err := marshal(change.Name+" state", state)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.UpdateResponse{Properties: properties}, nil
}

func (s *server) Delete(ctx context.Context, req *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	behaviour, call, err := s.resource(req.GetUrn())
	if err != nil {
		return nil, err
	}
	call.ID = req.GetId()
	state, err := unmarshal(call.Name+" state", req.GetProperties())
	if err != nil {
		return nil, err
	}
	ctx, done := s.context(ctx)
	defer done()
	if err := behaviour.Delete(ctx, call, state); err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, nil
}
