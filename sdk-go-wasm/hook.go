package tidegate

// Hook is a point at which a plugin is asked, by its name in manifests.
type Hook string

// The hooks, in the order of the contract.
const (
	HookAuthenticate      Hook = "authenticate"
	HookAdmit             Hook = "admit"
	HookSettle            Hook = "settle"
	HookTransformRequest  Hook = "transform_request"
	HookTransformUpstream Hook = "transform_upstream"
	HookTransformResponse Hook = "transform_response"
	HookTransformEvent    Hook = "transform_event"
	HookModerateInput     Hook = "moderate_input"
	HookModerateOutput    Hook = "moderate_output"
	HookCompleted         Hook = "completed"
)

// written tells which hooks a plugin's type has.
func written(plugin any) []Hook {
	var hooks []Hook
	note := func(is bool, hook Hook) {
		if is {
			hooks = append(hooks, hook)
		}
	}
	note(has[Authenticator](plugin), HookAuthenticate)
	note(has[Admitter](plugin), HookAdmit)
	note(has[Settler](plugin), HookSettle)
	note(has[RequestTransformer](plugin), HookTransformRequest)
	note(has[UpstreamTransformer](plugin), HookTransformUpstream)
	note(has[ResponseTransformer](plugin), HookTransformResponse)
	note(has[EventTransformer](plugin), HookTransformEvent)
	note(has[InputModerator](plugin), HookModerateInput)
	note(has[OutputModerator](plugin), HookModerateOutput)
	note(has[Completer](plugin), HookCompleted)
	return hooks
}

func has[Interface any](plugin any) bool {
	_, is := plugin.(Interface)
	return is
}
