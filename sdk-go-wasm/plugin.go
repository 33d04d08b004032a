package tidegate

// Configurer reads the configuration. Called once, first, on every instance; no request exists yet. config is JSON that holds
// to the package's config.schema.json. There may be several instances, each configured alike and serving one call at a
// time: what has to outlive a call is kept with the packages state and kv, not in the plugin.
//
// An error is one sentence for the operator: the plugin is not loaded, and what was loaded before stays.
type Configurer interface {
	Configure(config []byte) error
}

// Subscriber narrows what is asked for, after Configure: wants has the hooks that the type has and, for transforms, whole
// bodies. A body costs what is asked of it, so a transform names the places that it reads.
type Subscriber interface {
	Subscribe(wants Subscription) Subscription
}

// Authenticator tells who is calling, before anything of the body is trusted.
type Authenticator interface {
	Authenticate(ctx Context, head Head) Auth
}

// Admitter holds limits, quotas and budgets. estimate is made from the size of the request.
type Admitter interface {
	Admit(ctx Context, estimate Usage) Admission
}

// Settler is told what was used, exactly once for every ticket, also after a cancel or an error.
type Settler interface {
	Settle(ctx Context, ticket string, actual Usage) error
}

// RequestTransformer sees a request once, in the client's dialect, before a backend is picked.
type RequestTransformer interface {
	TransformRequest(ctx Context, headers Headers, body Body) Transform
}

// UpstreamTransformer sees a request once an attempt, in the provider's dialect, before credentials are added. Cluster and
// Reroute mean nothing here.
type UpstreamTransformer interface {
	TransformUpstream(ctx Context, headers Headers, body Body) Transform
}

// ResponseTransformer sees an answer once, errors of the upstream included. In a stream it is called before the first byte, with
// an absent body.
type ResponseTransformer interface {
	TransformResponse(ctx Context, status uint16, headers Headers, body Body) Transform
}

// EventTransformer sees the events of a streamed answer, one a call, in order.
type EventTransformer interface {
	TransformEvent(ctx Context, event Event) Events
}

// InputModerator sees all texts of a request, once.
type InputModerator interface {
	ModerateInput(ctx Context, texts []Text) Moderation
}

// OutputModerator sees the texts of an answer, or windows of a stream; last is true in the last call.
type OutputModerator interface {
	ModerateOutput(ctx Context, texts []Text, last bool) Moderation
}

// Completer is told of an exchange after it, off its path, from a bounded queue. Not for money: that is [Settler].
type Completer interface {
	Completed(ctx Context, outcome Outcome) error
}

// plugin is what was registered.
var plugin any

// Register names the plugin of this component; an init function calls it, once. plugin has some of the interfaces of this
// package. Writing the interface down lets the compiler look at a hook's signature:
//
//	var _ tidegate.InputModerator = (*guard)(nil)
func Register(registered any) {
	if registered == nil || plugin != nil {
		panic("tidegate: a component registers one plugin, once")
	}
	plugin = registered
}
