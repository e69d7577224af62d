//! Plots, as SVG that can be read on light and on dark ground.

use std::fmt::Write as _;

/// A plot of lines over steps that are evenly apart.
pub struct Plot {
    pub title: String,
    /// Under the steps.
    pub across: &'static str,
    pub steps: Vec<String>,
    /// Beside the values.
    pub upward: &'static str,
    /// Each ten times as far up as the one before, instead of evenly.
    pub logarithmic: bool,
    pub lines: Vec<(String, Vec<f64>)>,
}

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 380.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 200.0;
const TOP: f64 = 44.0;
const BOTTOM: f64 = 52.0;
/// Told apart by those who see few colours too, on either ground.
const COLOURS: [&str; 5] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8a6d00"];

impl Plot {
    pub fn svg(&self) -> String {
        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{0}\">\n\
             <style>text{{font:13px system-ui,sans-serif;fill:#24292f}}.g{{stroke:#8888}}\
             @media(prefers-color-scheme:dark){{text{{fill:#e6edf3}}}}</style>\n\
             <text x=\"{LEFT}\" y=\"24\" font-weight=\"bold\">{0}</text>\n",
            self.title
        );
        for value in self.marks() {
            let y = self.y(value);
            let _ = writeln!(
                out,
                "<line class=\"g\" x1=\"{LEFT}\" x2=\"{:.0}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
                 <text x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\">{value}</text>",
                WIDTH - RIGHT,
                LEFT - 8.0,
                y + 4.0
            );
        }
        for (at, step) in self.steps.iter().enumerate() {
            let (x, y) = (self.x(at), HEIGHT - BOTTOM + 20.0);
            let _ = writeln!(out, "<text x=\"{x:.1}\" y=\"{y:.0}\" text-anchor=\"middle\">{step}</text>");
        }
        let middle = f64::midpoint(LEFT, WIDTH - RIGHT);
        let _ = writeln!(
            out,
            "<text x=\"{middle:.0}\" y=\"{:.0}\" text-anchor=\"middle\">{}</text>\n\
             <text transform=\"translate(16 {:.0}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
            HEIGHT - 10.0,
            self.across,
            f64::midpoint(TOP, HEIGHT - BOTTOM),
            self.upward
        );
        let mut labels: Vec<f64> = Vec::new();
        for (at, (name, values)) in self.lines.iter().enumerate() {
            let colour = COLOURS[at % COLOURS.len()];
            let points: Vec<_> = values
                .iter()
                .enumerate()
                .map(|(at, value)| format!("{:.1},{:.1}", self.x(at), self.y(*value)))
                .collect();
            let _ = writeln!(
                out,
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2.5\"/>",
                points.join(" ")
            );
            for point in &points {
                let (x, y) = point.split_once(',').expect("two numbers");
                let _ = writeln!(out, "<circle cx=\"{x}\" cy=\"{y}\" r=\"3.5\" fill=\"{colour}\"/>");
            }
            let mut y = self.y(values.last().copied().unwrap_or(0.0)) + 4.0;
            while labels.iter().any(|taken| (taken - y).abs() < 15.0) {
                y -= 15.0;
            }
            labels.push(y);
            let x = WIDTH - RIGHT + 12.0;
            let _ = writeln!(
                out,
                "<rect x=\"{x:.0}\" y=\"{:.1}\" width=\"10\" height=\"10\" fill=\"{colour}\"/>\
                 <text x=\"{:.0}\" y=\"{y:.1}\">{name}</text>",
                y - 9.0,
                x + 16.0
            );
        }
        out + "</svg>\n"
    }

    fn x(&self, at: usize) -> f64 {
        let last = (self.steps.len().max(2) - 1) as f64;
        LEFT + 24.0 + at as f64 / last * (WIDTH - RIGHT - LEFT - 48.0)
    }

    fn y(&self, value: f64) -> f64 {
        let marks = self.marks();
        let (low, high) = (marks[0], marks[marks.len() - 1]);
        let share = if self.logarithmic {
            (value.max(low) / low).log10() / (high / low).log10()
        } else {
            (value - low) / (high - low)
        };
        HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP)
    }

    /// Round values from below the lowest to above the highest.
    fn marks(&self) -> Vec<f64> {
        let all = || self.lines.iter().flat_map(|(_, values)| values.iter().copied());
        let (low, high) = (all().fold(f64::MAX, f64::min), all().fold(1e-6, f64::max));
        if self.logarithmic {
            let mut marks = vec![10_f64.powf(low.max(1e-3).log10().floor())];
            while marks[marks.len() - 1] < high || marks.len() < 2 {
                marks.push(marks[marks.len() - 1] * 10.0);
            }
            // What ten to a negative power leaves behind.
            return marks.into_iter().map(|mark| (mark * 1e6).round() / 1e6).collect();
        }
        let rough = high / 5.0;
        let unit = 10_f64.powf(rough.log10().floor());
        let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * unit);
        let step = steps.into_iter().find(|step| *step >= rough).unwrap_or(rough);
        let mut marks = vec![0.0];
        while marks[marks.len() - 1] < high {
            marks.push(((marks[marks.len() - 1] + step) * 1e6).round() / 1e6);
        }
        marks
    }
}
