"""The sums behind exhibits and dashboards: activity per officer, and what service on JFOs costs."""
