//! The hooks of a plugin that is not there.

use http::HeaderMap;
use tidegate_contract::{
    AdmissionVerdict, AuthVerdict, Event, EventVerdict, Head, Judged, Outcome, Subscription, Text,
    TransformVerdict, Usage,
};
use tidegate_pipeline::{Answer, Call, Payload, Plugin};

use super::Missing;

impl Plugin for Missing {
    fn subscription(&self) -> &Subscription {
        &self.subscription
    }

    fn authenticate<'a>(&'a self, _: Call<'a>, _: Head<'a>) -> Answer<'a, AuthVerdict> {
        self.fail()
    }

    fn admit<'a>(&'a self, _: Call<'a>, _: Usage) -> Answer<'a, AdmissionVerdict> {
        self.fail()
    }

    fn settle<'a>(&'a self, _: Call<'a>, _: &'a str, _: Usage) -> Answer<'a, ()> {
        self.fail()
    }

    fn transform_request<'a>(
        &'a self,
        _: Call<'a>,
        _: &'a HeaderMap,
        _: Payload<'a>,
    ) -> Answer<'a, TransformVerdict> {
        self.fail()
    }

    fn transform_upstream<'a>(
        &'a self,
        _: Call<'a>,
        _: &'a HeaderMap,
        _: Payload<'a>,
    ) -> Answer<'a, TransformVerdict> {
        self.fail()
    }

    fn transform_response<'a>(
        &'a self,
        _: Call<'a>,
        _: u16,
        _: &'a HeaderMap,
        _: Payload<'a>,
    ) -> Answer<'a, TransformVerdict> {
        self.fail()
    }

    fn transform_event<'a>(&'a self, _: Call<'a>, _: &'a [Event]) -> Answer<'a, Vec<EventVerdict>> {
        self.fail()
    }

    fn moderate_input<'a>(&'a self, _: Call<'a>, _: &'a [Text<'a>]) -> Answer<'a, Judged> {
        self.fail()
    }

    fn moderate_output<'a>(&'a self, _: Call<'a>, _: &'a [Text<'a>], _: bool) -> Answer<'a, Judged> {
        self.fail()
    }

    fn completed<'a>(&'a self, _: Call<'a>, _: &'a Outcome) -> Answer<'a, ()> {
        self.fail()
    }
}
