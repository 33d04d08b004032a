use std::sync::Arc;
use std::time::Duration;

use tidegate_config::checked::OutlierDetection;
use tidegate_telemetry::Metrics;

use super::Outlier;

const DETECTION: OutlierDetection = OutlierDetection {
    consecutive_5xx: 3,
    base: Duration::from_secs(10),
    max: Duration::from_secs(25),
    max_percent: 100,
};

fn outlier() -> (Arc<Outlier>, Arc<Metrics>) {
    let metrics = Metrics::new().unwrap();
    (Outlier::new("a".into(), Arc::clone(&metrics)), metrics)
}

fn fail(outlier: &Arc<Outlier>, times: u32) {
    (0..times).for_each(|_| outlier.failed(&DETECTION));
}

async fn pass(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn only_failures_in_a_row_eject() {
    let (outlier, _) = outlier();
    fail(&outlier, 2);
    outlier.succeeded();
    fail(&outlier, 2);
    assert!(!outlier.is_ejected());
    fail(&outlier, 1);
    assert!(outlier.is_ejected());
}

#[tokio::test(start_paused = true)]
async fn each_ejection_is_longer_up_to_the_longest() {
    let (outlier, metrics) = outlier();
    for seconds in [10, 20, 25, 25] {
        fail(&outlier, 3);
        assert!(metrics.render().contains("tidegate_clusters_ejected{cluster=\"a\"} 1"));
        pass(seconds - 1).await;
        assert!(outlier.is_ejected(), "{seconds} s");
        pass(2).await;
        assert!(!outlier.is_ejected(), "{seconds} s");
    }
    let shown = metrics.render();
    assert!(shown.contains("tidegate_clusters_ejected{cluster=\"a\"} 0"), "{shown}");
    assert!(shown.contains("tidegate_cluster_ejections_total{cluster=\"a\"} 4"), "{shown}");
}

#[tokio::test(start_paused = true)]
async fn calm_is_rewarded() {
    let (outlier, _) = outlier();
    fail(&outlier, 3);
    pass(11).await;
    pass(20).await;
    fail(&outlier, 3);
    pass(9).await;
    assert!(outlier.is_ejected());
    pass(2).await;
    assert!(!outlier.is_ejected());
}

#[tokio::test(start_paused = true)]
async fn a_success_takes_back_and_an_old_end_ends_nothing_new() {
    let (outlier, _) = outlier();
    fail(&outlier, 3);
    pass(8).await;
    outlier.succeeded();
    assert!(!outlier.is_ejected());
    fail(&outlier, 3);
    pass(3).await;
    assert!(outlier.is_ejected(), "the second is until 28 s, the first was until 10 s");
}
