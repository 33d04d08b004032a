package tidegate

// These stand between the exports of the component and the author's hooks. They know no component: tests on any platform
// go through them too.

// ask runs a hook that the plugin has.
func ask[Interface any](hook Hook, run func(Interface) error) error {
	of, is := plugin.(Interface)
	if !is {
		return failure("the plugin has no hook \"" + string(hook) + "\"")
	}
	return guarded(func() error { return run(of) })
}

func lifecycleConfigure(config string) (subscription, error) {
	if plugin == nil {
		return subscription{}, failure("no plugin is there; call tidegate.Register in an init function")
	}
	wants := subscribedTo(written(plugin))
	err := guarded(func() error {
		if of, is := plugin.(Configurer); is {
			if err := of.Configure([]byte(config)); err != nil {
				return err
			}
		}
		if of, is := plugin.(Subscriber); is {
			wants = of.Subscribe(wants)
		}
		return nil
	})
	return wants.asked, err
}

func authAuthenticate(ctx Context, head Head) (verdict authVerdict, err error) {
	err = ask(HookAuthenticate, func(of Authenticator) error {
		answer := of.Authenticate(ctx, head)
		verdict = answer.verdict
		return answer.err
	})
	return verdict, err
}

func admissionAdmit(ctx Context, estimate Usage) (verdict admissionVerdict, err error) {
	err = ask(HookAdmit, func(of Admitter) error {
		answer := of.Admit(ctx, estimate)
		verdict = answer.verdict
		return answer.err
	})
	return verdict, err
}

func admissionSettle(ctx Context, ticket string, actual Usage) error {
	return ask(HookSettle, func(of Settler) error { return of.Settle(ctx, ticket, actual) })
}

func transformRequest(ctx Context, headers Headers, body payload) (verdict transformVerdict, err error) {
	err = ask(HookTransformRequest, func(of RequestTransformer) error {
		return take(&verdict, of.TransformRequest(ctx, headers, Body{body}))
	})
	return verdict, err
}

func transformUpstream(ctx Context, headers Headers, body payload) (verdict transformVerdict, err error) {
	err = ask(HookTransformUpstream, func(of UpstreamTransformer) error {
		return take(&verdict, of.TransformUpstream(ctx, headers, Body{body}))
	})
	return verdict, err
}

func transformResponse(ctx Context, status uint16, headers Headers, body payload) (verdict transformVerdict, err error) {
	err = ask(HookTransformResponse, func(of ResponseTransformer) error {
		return take(&verdict, of.TransformResponse(ctx, status, headers, Body{body}))
	})
	return verdict, err
}

func take(verdict *transformVerdict, answer Transform) error {
	*verdict = answer.verdict
	return answer.err
}

func transformEvents(ctx Context, events []Event) ([]eventVerdict, error) {
	verdicts := make([]eventVerdict, 0, len(events))
	err := ask(HookTransformEvent, func(of EventTransformer) error {
		for _, event := range events {
			answer := of.TransformEvent(ctx, event)
			if answer.err != nil {
				return answer.err
			}
			verdicts = append(verdicts, answer.verdict)
		}
		return nil
	})
	return verdicts, err
}

func moderationInput(ctx Context, texts []Text) (verdict judged, err error) {
	err = ask(HookModerateInput, func(of InputModerator) error {
		answer := of.ModerateInput(ctx, texts)
		verdict = answer.judged
		return answer.err
	})
	return verdict, err
}

func moderationOutput(ctx Context, texts []Text, last bool) (verdict judged, err error) {
	err = ask(HookModerateOutput, func(of OutputModerator) error {
		answer := of.ModerateOutput(ctx, texts, last)
		verdict = answer.judged
		return answer.err
	})
	return verdict, err
}

func observeCompleted(ctx Context, outcome Outcome) error {
	return ask(HookCompleted, func(of Completer) error { return of.Completed(ctx, outcome) })
}
