"""The gate: findings, policy, waivers, VEX and a baseline in, a verdict out."""
