// An L-bracket, bolted to a wall through two holes and loaded on the end of its arm; mm.
SetFactory("OpenCASCADE");
size = 16;                                       // of the elements; a part of it in the fillet

thick = 8; width = 30; height = 70; arm = 60; fillet = 8; hole = 4;

// The profile in x and y: the wall is at x = 0, the arm points along x. Line 4 is the fillet.
Point(1) = {0, 0, 0};               Point(2) = {arm, 0, 0};             Point(3) = {arm, thick, 0};
Point(4) = {thick + fillet, thick, 0};                                  Point(5) = {thick, thick + fillet, 0};
Point(6) = {thick, height, 0};      Point(7) = {0, height, 0};          Point(8) = {thick + fillet, thick + fillet, 0};
Point(9) = {arm - 15, thick, 0};                                        // where the pad begins
Line(1) = {1, 2};  Line(2) = {2, 3};  Line(3) = {3, 9};  Line(9) = {9, 4};
Circle(4) = {4, 8, 5};
Line(5) = {5, 6};  Line(6) = {6, 7};  Line(7) = {7, 1};
Curve Loop(1) = {1, 2, 3, 9, 4, 5, 6, 7};
Plane Surface(1) = {1};
body[] = Extrude {0, 0, width} { Surface{1}; };

// Two bolts.
Cylinder(11) = {-1, height - 20, 8, thick + 2, 0, 0, hole};
Cylinder(12) = {-1, height - 20, width - 8, thick + 2, 0, 0, hole};
BooleanDifference(20) = { Volume{body[1]}; Delete; }{ Volume{11, 12}; Delete; };

e = 1e-3;
top[] = Surface In BoundingBox {arm - 15 - e, thick - e, -e, arm + e, thick + e, width + e};
h1[] = Surface In BoundingBox {-e, height - 20 - hole - e, 8 - hole - e, thick + e, height - 20 + hole + e, 8 + hole + e};
h2[] = Surface In BoundingBox {-e, height - 20 - hole - e, width - 8 - hole - e, thick + e, height - 20 + hole + e, width - 8 + hole + e};
Physical Volume("EALL") = {20};
Physical Surface("PAD") = {top[]};
Physical Surface("BOLTS") = {h1[], h2[]};

Mesh.MeshSizeMax = size;
Field[1] = Cylinder;  Field[1].Radius = 1.2 * fillet;  Field[1].VIn = size / 3.5;  Field[1].VOut = size;
Field[1].XCenter = thick + fillet / 2;  Field[1].YCenter = thick + fillet / 2;  Field[1].ZAxis = width;
Field[1].ZCenter = width / 2;
Background Field = 1;
Mesh.ElementOrder = 2;
Mesh.SecondOrderLinear = 1;                     // straight edges: no distorted element at the fillet
Mesh.MshFileVersion = 4.1;
