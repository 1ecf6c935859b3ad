// All of it is quick: both verifiers need nothing but bytes.
[assembly: Trait("Speed", "quick")]
