global using Lunaria.Testing;
