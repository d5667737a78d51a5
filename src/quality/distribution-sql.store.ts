/** Placeholders of the windows' borders. */
export interface Windows {
  reference: string;
  current: string;
  until: string;
}

/** Borders outside of which a number is an outlier: 1.5 interquartile ranges, and 3 standard deviations. */
export function bordersSql(number: string, group: string, from: string): string {
  return `select b.g, b.q[1] - 1.5 * (b.q[2] - b.q[1]) as low, b.q[2] + 1.5 * (b.q[2] - b.q[1]) as high,
      b.mean - 3 * b.deviation as low3, b.mean + 3 * b.deviation as high3
    from (select ${group} as g, avg(${number}) as mean, stddev_samp(${number}) as deviation,
        percentile_cont(array[0.25, 0.75]) within group (order by ${number}) as q
      from ${from} group by 1) b`;
}

/** Counts of both windows in the reference's tenths, by group. */
export function shiftSql(rows: string): string {
  return `select w.g, w.current, width_bucket(w.x, d.cut) as bin, count(*) as n
    from ${rows} w join (select g, percentile_disc(array[.1, .2, .3, .4, .5, .6, .7, .8, .9])
        within group (order by x) as cut from ${rows} where not current group by g) d on d.g = w.g
    group by 1, 2, 3`;
}
