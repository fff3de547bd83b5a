"""One definition of every kind, each with as many of its parts as fit together."""

EVERY_KIND = """\
kind: project
name: project
title: {zh: 项目, en: Project}
timezone: Asia/Shanghai
windows_days: [30, 90, 365]
---
kind: rfm
name: rfm
last_days: 365
money: gross
recency: {method: quantile, bins: 4}
frequency: {method: breakpoints, cuts: [1, 3, 6.5]}
high_monetary: {against: threshold, threshold: 2.5}
cell_names: {"111": {zh: 甲, en: A}}
strategies: {"111": {zh: 专属, en: Own}}
---
kind: deciles
name: spend_decile
metric: monetary_amount_45d
parts: 20
groups: {by_hand: [2, 10, 20]}
---
kind: activity
name: activity
count: visits
high_at_least: 7
---
kind: lifecycle
name: lifecycle_stage
owner: 会员运营
silence: {since: last_visit, normal: own, times: 1.5, at_most_days: 500}
population: {not: {attribute: closed_on, op: present}}
stages:
  - name: old
    title: {zh: 老客, en: Old}
    when:
      any:
        - {attribute: first_ordered_on, op: before, value: 2024-03-01}
        - {attribute: last_ordered_on, op: between, value: [2024-01-01, 2024-12-31]}
        - {all: [{attribute: city, op: in, value: [上海, 北京]}, {attribute: monetary_amount, op: ">", value: 99.9}]}
    strategy: {zh: 保持, en: Keep}
  - name: lately
    when: {attribute: last_ordered_on, op: within_last_days, value: 30}
  - name: rest
---
kind: level
name: grade
population: {attribute: frequency_count, op: ">=", value: 1}
scorecard:
  indicators:
    - {attribute: monetary_amount_365d, name: spend, normalise: percentile, weight: 0.5}
    - {attribute: recency_days, normalise: min_max, direction: lower, low: 0, high: 365, weight: 0.3}
    - attribute: frequency_count
      normalise: bands
      bands: [{points: 0}, {from: 3, points: 50}, {from: 10, points: 100.5}]
      weight: 0.2
levels:
  - {name: core, at_least: 80, title: {zh: 核心, en: Core}, benefits: {zh: 专线, en: A line of their own}}
  - {name: ordinary}
---
kind: level
name: by_share
scorecard:
  indicators: [{attribute: monetary_amount}, {attribute: frequency_count}]
  weights: {method: ahp, pairwise: [["1", "3"], ["1/3", "1"]]}
levels: [{name: top, share: 0.1}, {name: others}]
---
kind: matrix
name: value_by_rhythm
dimensions:
  - {attribute: monetary_amount, name: value, parts: [{name: high, above: 0.8}, {name: low}], missing: low}
  - {attribute: frequency_count, name: rhythm, parts: [{name: often, from: 4}, {name: seldom}]}
cells:
  - {name: stars, at: [high, often], strategy: {zh: 优先, en: First}}
otherwise: {name: others}
---
kind: price_band
name: price_band
low_up_to: 0.3
each: price
last_days: 365
---
kind: segment
name: loyal
when: {all: [{attribute: often, op: "=", value: true}, {not: {segment: staff_like}}, {list: visited_show}]}
strategy: {zh: 感谢, en: Thank}
history: true
---
kind: segment
name: staff_like
when: {attribute: frequency_count, op: ">", value: 300}
members: static
---
kind: tag
name: often
class: behaviour
when:
  any:
    - {behaviour: {fact: orders, aggregate: count, window: {last_days: 90, ending_days_ago: 7}}, op: ">=", value: 3}
    - {behaviour: {fact: order_lines, aggregate: sum, column: amount, where: {attribute: category, op: starts_with, value: 轮胎}, window: {from: 2026-01-01, to: 2026-06-30}}, op: ">", value: 500.5}
    - {behaviour: {fact: visits, aggregate: never}}
    - {first_time: {fact: orders, window: {last_days: 30}}}
    - {stopped: {fact: visits, quiet_days: 90, before_days: 365, at_least: 2}}
    - {restarted: {fact: orders, within_days: 30, quiet_days: 180}}
    - {regularly: {fact: orders, every: month, at_least: 3, of_last: 6}}
    - {sequence: [{fact: interactions}, {fact: orders, where: {attribute: channel, op: "=", value: app}}], within_days: 7}
    - {not_followed: [{fact: leads}, {fact: visits}], within_days: 14, window: {last_days: 60}}
ttl_days: 90
when_empty: keep_last
purpose: 关怀
---
kind: tag
name: size
class: tier
values:
  - {value: large, title: {zh: 大, en: Large}, when: {attribute: unit_count, op: ">=", value: 10}}
  - {value: small, when: {attribute: unit_count, op: present}}
---
kind: tag
name: hobby
class: static
manual: {values: [{value: fishing, rubric: 说过}, {value: "7"}], ordered: true}
---
kind: tag
name: industry
class: static
imported: {trait: 行业}
sensitivity: property
consent: marketing
---
kind: tag
name: baby
class: consumption
implied:
  - bought: {attribute: product_name, op: contains, value: NB码}
    stages: [{value: newborn, until_days: 90}, {value: infant, until_days: 365}, {value: toddler}]
---
kind: tag
name: wealth
class: consumption
concept: wealth
scene: car
composite:
  scorecard: {indicators: [{attribute: monetary_amount}, {attribute: max_order_amount}]}
  cuts: [{value: high, at_least: 60}, {value: low}]
---
kind: tag
name: buys_again
class: behaviour
model: {claim: buys again within 90 days}
---
kind: cleaning
name: cleaning
rules:
  - {name: giveaway, title: {zh: 羊毛党, en: Giveaway}, when: {attribute: registered_same_day_count, op: ">", value: 50}, retention_days: 180}
---
kind: profiling
name: profiling
targets: [{attribute: grade, weight: 2.5}, {segment: loyal}]
questions:
  - {name: softness, attribute: trait.软硬, ask: {zh: 软还是硬, en: Soft or firm}, assumed_bits: 0.5, answers: [{value: soft}, {value: firm}], reward: {points: 20}}
---
kind: kpi
name: loyal_rate
unit: rate
of: {customers: {segment: loyal}, share_of: {attribute: frequency_count, op: ">=", value: 1}}
better: higher
target: {value: 0.35, by: 2027-06-30}
benchmarks:
  - {low: 0.2, high: 0.3, source: a yearbook, date: 2025-09, stage: growing}
  - {value: 0.41, source: a report of the trade, date: 2024}
---
kind: due_rules
rules:
  - {kind: service, days: 182, km: 5000, source: ours}
  - {kind: service, model: X6, days: 365, km: 10000, source: the maker's handbook}
  - {kind: insurance, days: 365}
---
kind: identities
scopes:
  - {name: pos_member, title: {zh: 收银会员号, en: Till member}, rank: 3, columns: [pos_no]}
  - {name: phone, rank: 4, most: 8, form: phone, columns: [phone], traits: [mobile]}
without: [email]
country_code: "852"
---
kind: source
name: erp_orders
origin: {kind: mysql, host: erp.example, port: 3307, database: erp, user: reader, password_env: TIERWISE_PASSWORD_ERP, tls: verify, query: SELECT 1}
watermark: {column: changed, overlap_minutes: 5, together: order_no}
mapping: {table: orders, columns: {order_id: order_no}, ignore: {attribute: status, op: "=", value: 9}}
replace_orders: true
"""  # noqa: E501
