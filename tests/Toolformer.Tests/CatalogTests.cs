using Toolformer.Tools;

namespace Toolformer.Tests;

public class CatalogTests
{
    public abstract class Animal;

    public sealed class Cat(string sound = "meow") : Animal
    {
        public string Sound => sound;
    }

    public sealed class Bird : Animal;

    public sealed class Fish(Version water) : Animal
    {
        public Version Water => water;
    }

    [Fact]
    public void One_file_with_a_tool_adds_a_tool() =>
        Assert.Superset(
            new HashSet<string> { "Calculator", "Calendar", "WikiSearch" },
            Catalog.Find<Tool>().Select(t => t.Name).ToHashSet());

    [Fact]
    public void Parameters_without_a_part_take_their_defaults() =>
        Assert.Equal("meow", Catalog.Find<Animal>().OfType<Cat>().Single().Sound);

    [Fact]
    public void Parts_are_given_to_those_who_ask_for_them()
    {
        var water = new Version(1, 2);
        var found = Catalog.FindIn<Animal>(typeof(CatalogTests).Assembly, water, "purr");
        Assert.Equal(["Bird", "Cat", "Fish"], found.Select(a => a.GetType().Name));
        Assert.Same(water, found.OfType<Fish>().Single().Water);
        Assert.Equal("purr", found.OfType<Cat>().Single().Sound);
    }

    [Fact]
    public void A_class_whose_parts_are_missing_is_left_to_its_user() =>
        Assert.DoesNotContain(Catalog.Find<Animal>(), a => a is Fish);
}
