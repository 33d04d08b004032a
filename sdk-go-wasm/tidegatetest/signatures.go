package tidegatetest

import (
	"fmt"
	"reflect"

	tidegate "tidegate.dev/plugin"
)

// methods are those of the interfaces of package tidegate, each with its interface.
var methods = map[string]reflect.Type{
	"Configure":         reflect.TypeFor[tidegate.Configurer](),
	"Subscribe":         reflect.TypeFor[tidegate.Subscriber](),
	"Authenticate":      reflect.TypeFor[tidegate.Authenticator](),
	"Admit":             reflect.TypeFor[tidegate.Admitter](),
	"Settle":            reflect.TypeFor[tidegate.Settler](),
	"TransformRequest":  reflect.TypeFor[tidegate.RequestTransformer](),
	"TransformUpstream": reflect.TypeFor[tidegate.UpstreamTransformer](),
	"TransformResponse": reflect.TypeFor[tidegate.ResponseTransformer](),
	"TransformEvent":    reflect.TypeFor[tidegate.EventTransformer](),
	"ModerateInput":     reflect.TypeFor[tidegate.InputModerator](),
	"ModerateOutput":    reflect.TypeFor[tidegate.OutputModerator](),
	"Completed":         reflect.TypeFor[tidegate.Completer](),
}

// misshapen names a method that is called as a hook is and has another signature: the gateway would never call it.
func misshapen(plugin any) error {
	of := reflect.TypeOf(plugin)
	for name, hook := range methods {
		method, is := of.MethodByName(name)
		if is && !of.Implements(hook) {
			return fmt.Errorf("method %q is %s, which is no hook; it must be %s", name, method.Func.Type(), hook.Method(0).Type)
		}
	}
	return nil
}
